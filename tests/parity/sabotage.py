"""Small untruths about a case, each of which its comparison has to notice."""
SHARE = 2.0**-10  # of a hyper-parameter, taken off

OTHER_RULE = {"SGD": "SGDM", "SGDW": "SGDMW", "SGDM": "NESTEROV", "SGDMW": "SGDM",
              "NESTEROV": "SGDM", "NESTEROVW": "NESTEROV", "ADAM": "ADAMW", "ADAMW": "ADAM",
              "AMSGRAD": "ADAM", "AMSGRADW": "ADAMW", "ADAGRAD": "ADAM"}
OTHER_CENTER = {"NONE": "GRADIENT", "GRADIENT": "NONE", "RAW_GRADIENT": "GRADIENT",
                "UPDATE": "GRADIENT"}
OTHER_TYPE = {"BF16": "F16", "F16": "BF16"}


def other_fields(case):
    """Fields of gcs_spec that are another, one at a time: their names and values."""
    yield "rule", OTHER_RULE[case.rule]
    yield "center", OTHER_CENTER[case.center]
    yield "maximize", not case.flags.get("maximize", False)
    if case.rule.startswith(("ADAM", "AMSGRAD")):
        yield "authors_form", not case.flags.get("authors_form", False)
    if case.gradient in OTHER_TYPE:
        yield "gradient", OTHER_TYPE[case.gradient]


def untruths(library, case):
    """(what is changed, spec, hyper, least rank that is centred) of each."""
    spec, hyper, rank = case.spec(library), case.hyper, case.optimizer.least_rank
    for name, value in hyper.items():
        if value and name not in case.untold:
            yield name, spec, {**hyper, name: value * (1 - SHARE)}, rank
    for name, value in other_fields(case):
        other = case.spec(library)
        prefix = {"rule": "RULE_", "center": "CENTER_", "gradient": "TYPE_"}.get(name)
        setattr(other, name, library.enum[prefix + value] if prefix else value)
        yield f"{name} {value}", other, hyper, rank
    if case.center != "NONE":
        yield "rank", spec, hyper, 4 if rank == 2 else 2
