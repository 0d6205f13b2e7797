"""A class of learners, made of the bank's wrong answers, as they hand their files in."""

import random

from chainrule.lessons import LESSONS
from chainrule.lessons.source import TO_DO, solution

# Bodies that learners wrote, by part: each is known to the bank.
WRONG = {
    "dense_forward": ("return x @ weights", "no-biases"),
    "relu_forward": ("return np.abs(x)", "absolute-value"),
    "softmax": ("e = np.exp(logits)\n    return e / e.sum(axis=1, keepdims=True)",
                "softmax-without-shift"),
    "crossentropy": ("p = softmax(logits)\n"
                     "    return -np.log(p[np.arange(len(labels)), labels] + 1e-9).mean()",
                     "log-plus-epsilon"),
    "dense_backward": ("n = len(x)\n    return grad_y @ weights.T, x.T @ grad_y / n, "
                       "grad_y.sum(axis=0)", "weights-averaged"),
    "relu_backward": ("return 1.0 * (x > 0)", "mask-alone"),
    "claim": ("return int(np.sign((a - b).mean()))", "sign-of-the-mean"),
}  # fmt: skip
NAMES = (
    "Ada Lovelace", "Álvaro Núñez", "Bùi Thị Hương", "Čeněk Šimon", "Dagny Ødegård", "Emre Şahin",
    "Φοίβη Παππά", "Григорий Котов", "هدى منصور", "דנה לוי", "Ines Groß", "Jūratė Žukaitė",
    "किरण राव", "李小龙", "三浦 さくら", "박지민", "Nuno D'Ávila", "Oisín Ó Broin",
    "Ada Lovelace 2", "Quỳnh Anh", "=1+1", "-Rosa", "@sam", "+Tarik", "Ursula <b>Bold</b>",
    "Viktória & Co", "Wanjirũ Kamau", "Xochitl", "Yaël Cohen", "Zoë",
)  # fmt: skip


def write_part(lesson, name, body):
    """Return the solution's file with another body of one function."""
    text = solution(lesson.source)
    right = lesson.solution_of(name)
    head, _, _ = right.partition("\n")
    start = text.index(head)
    end = text.find("\n\n\n", start)
    return f"{text[:start]}{head}\n    {body}\n{text[end if end > 0 else len(text) :]}"


def file_of(rng, lesson, progress):
    """Return a learner's file of a lesson: untouched, half done, with a mistake, or right."""
    if progress < 1:
        return lesson.template
    known = [part.name for part in lesson.parts if part.name in WRONG]
    if known and rng.random() < 0.5:
        name = rng.choice(known)
        return write_part(lesson, name, WRONG[name][0])
    if rng.random() < 0.15:
        return solution(lesson.source) + "\nwhile True:\n    pass\n"
    if rng.random() < 0.1:
        return solution(lesson.source).replace("return", "retrun", 1)
    if rng.random() < 0.3:  # the first part alone
        pieces = lesson.source.split("    # solution\n")
        first, _, rest = pieces[1].partition("    # end\n")
        later = [f"{TO_DO}\n".join(["    ", piece.partition("    # end\n")[2]])
                 for piece in pieces[2:]]  # fmt: skip
        return pieces[0] + first + rest + "".join(later)
    return solution(lesson.source)


def files_of(number):
    """Return the files that a learner of this number hands in, by name."""
    rng = random.Random(number)
    reached = rng.choice((1, 2, 3, 4, 5, 5, 6))
    return {lesson.file_name: file_of(rng, lesson, reached - lesson.number) for lesson in LESSONS}


def write_class(folder, names=NAMES):
    """Write a folder for each learner of a class."""
    for number, name in enumerate(names):
        place = folder / name.replace("/", "_")
        place.mkdir(parents=True)
        for file_name, text in files_of(number).items():
            (place / file_name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import sys
    from pathlib import Path

    write_class(Path(sys.argv[1]))
