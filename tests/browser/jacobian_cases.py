"""What a person does with JacobianView's page, and reads off it."""

MODES = ["pattern", "values", "product", "memory"]


def cells(shown, i=0):
    shown.settle()
    return shown.widget(i).locator(".cw-jcell[tabindex]")


def texts(shown, i=0):
    return cells(shown, i).all_inner_texts()


def mode(shown, name, i=0):
    shown.choose("step", f"{MODES.index(name) + 1} {name}", i)


def number(text):
    return float(text.replace("−", "-"))
