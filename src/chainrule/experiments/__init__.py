"""Fair runs over optimizers, rates and seeds, and what they leave behind.

What is asked for
    ``settings``: of a comparison and of one training, and the lanes that they make.
How it runs
    ``compare`` and ``train``; ``starting``: the folder and its images; ``lanes``: one training;
    ``backends``: where lanes run; ``progress``: shown on stderr; ``stopping``: signals.
What lies on disk
    ``run_folder``: where everything in it lies; ``metrics``: metrics.json; ``record``:
    record.jsonl; ``keeping``: checkpoints; ``environment``: what the same bits depend on.
What it says
    ``statistics``: who is better, and how sure that is; ``words``: the same in one sentence;
    ``figures``; ``report``: report.html, out of its template.
"""
