"""What the measurements say: medians, spreads, ratios to Chainrule, accuracies to be wary of."""

import statistics

LEAST_SPREAD = 0.005  # of accuracy over seeds; a few seeds can lie closer by chance


def summarise(records):
    """Return a line for each peer and number of threads in each case, from its measurements.

    Returns
    -------
    list of dict
        row, case, peer, threads, unit, work, repeats, median, min, max; where measured accuracy
        (median), accuracy_min, accuracy_max, prepare_seconds, cores, peak_mb (medians), operations;
        failed instead where the job failed; best where no other number of threads was quicker;
        ratio, the median over that of Chainrule at its best; suspicious, see `flag_accuracies`.
    """
    groups = {}
    for record in records:
        key = tuple(record[name] for name in ("row", "case", "peer", "threads", "unit"))
        groups.setdefault(key, []).append(record)
    lines = [_line(key, group) for key, group in groups.items()]
    for line in lines:
        rivals = of_case(lines, line["row"], line["case"], line["peer"])
        line["best"] = "median" in line and line is min(rivals, key=lambda other: other["median"])
    for line in lines:
        ours = best(lines, line["row"], line["case"], "chainrule")
        if ours and "median" in line:
            line["ratio"] = line["median"] / ours["median"]
    flag_accuracies(lines)
    return lines


def _line(key, group):
    line = dict(zip(("row", "case", "peer", "threads", "unit"), key, strict=True))
    reasons = [record["failed"] for record in group if "failed" in record]
    values = [record["value"] for record in group if "value" in record]
    line |= {"repeats": len(values), "work": group[0].get("work", {})}
    if reasons:
        line["failed"] = reasons[0]
    if reasons or not values:
        return line
    line |= {"median": statistics.median(values), "min": min(values), "max": max(values)}
    for name in ("accuracy", "prepare_seconds", "later_seconds", "cores", "peak_mb"):
        numbers = [record[name] for record in group if record.get(name) is not None]
        if numbers:
            line[name] = statistics.median(numbers)
        if numbers and name == "accuracy":
            line |= {"accuracy_min": min(numbers), "accuracy_max": max(numbers)}
    if "operations" in group[0]:
        line["operations"] = _operations(group)
    return line


def _operations(group):
    """Return each operation with the median of its medians and the least of all."""
    operations = []
    for same in zip(*(record["operations"] for record in group), strict=True):
        least = [one["least"] for one in same if one["least"] is not None]
        floor = [one["floor"] for one in same if one["floor"] is not None]
        operations.append(
            {
                "name": same[0]["name"],
                "median": statistics.median(one["median"] for one in same),
                "least": min(least) if least else None,
                "floor": statistics.median(floor) if floor else None,
            }
        )
    return operations


def of_case(lines, row, case, peer):
    """Return the lines of a peer in a case that have a median, one for each number of threads."""
    wanted = {"row": row, "case": case, "peer": peer}
    return [
        line
        for line in lines
        if "median" in line and all(line[name] == value for name, value in wanted.items())
    ]


def best(lines, row, case, peer):
    """Return the line of a peer at its best number of threads, or None."""
    return min(of_case(lines, row, case, peer), key=lambda line: line["median"], default=None)


def flag_accuracies(lines):
    """Mark as suspicious each line whose accuracy is another than Chainrule's.

    That is so where its median is farther from Chainrule's than the spread of Chainrule's over the
    seeds, max - min, or than half a point where that is more.
    """
    for line in lines:
        ours = best(lines, line["row"], line["case"], "chainrule")
        if "accuracy" not in line or ours is None or "accuracy" not in ours:
            continue
        spread = max(ours["accuracy_max"] - ours["accuracy_min"], LEAST_SPREAD)
        line["suspicious"] = abs(line["accuracy"] - ours["accuracy"]) > spread
