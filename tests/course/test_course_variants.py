"""Numbers of one's own: the class list, the secret, one zip a student, and the command that says where variants are on."""

import json
import stat
import zipfile

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell
from tiny import CONV, meta, solved_notebook, tree, write_notebook
from test_course_release import quick, whole, wheel_once  # noqa: F401  (fixtures)

from course_lib.grading.course import WorkbookError
from course_lib.grading.generate import regenerate
from course_lib.grading.release import make_bundle, make_variants
from course_lib.grading.variants import FILE, NUMBERS, Variants, give, read_roster, variant_cell
from course_lib.grading.variants import given as given_in

LINE = "VARIANT = None  # None: the lecture's numbers."


@pytest.fixture
def varied(quick):  # noqa: F811
    """A course whose 07 has a cell for the number, and whose 01 has none."""
    cell = new_code_cell(LINE, id="variant", metadata=meta("variant"))
    write_notebook(quick.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV, extra_cells=[cell]))
    regenerate(quick, [CONV])
    return quick


@pytest.fixture
def roster(tmp_path):
    path = tmp_path / "class.csv"
    path.write_text("student,name\nada,Ada L.\nbo,Bo\n")
    return path


def notebook_of(path, name=CONV):
    with zipfile.ZipFile(path) as bundle:
        return nbformat.reads(bundle.read(f"workbook/notebooks/{name}/{name}.ipynb").decode(), as_version=4)


# --- the number ------------------------------------------------------------------------------------------------------

def test_off_until_somebody_turns_it_on_and_then_the_same_for_ever(tmp_path):
    variants = Variants.of(tmp_path)
    assert variants.number("07", "ada") is None and variants.on == [] and not (tmp_path / FILE).exists()
    variants.turn(["07"], False)
    assert not (tmp_path / FILE).exists()
    variants.turn(["07"], True)
    first = variants.number("07", "ada")
    assert 0 <= first < NUMBERS and first == Variants.of(tmp_path).number("07", "ada")
    variants.turn(["08"], True)
    variants.turn(["07"], False)
    assert variants.number("07", "ada") is None and variants.on == ["08"]
    variants.turn(["07"], True)
    assert variants.number("07", "ada") == first != variants.number("08", "ada")


def test_only_its_owner_may_read_the_secret(tmp_path):
    Variants.of(tmp_path).turn(["07"], True)
    Variants.of(tmp_path).turn(["08"], True)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [FILE]


def test_another_course_gives_other_numbers_and_a_class_has_no_two_alike(tmp_path):
    (tmp_path / "other").mkdir()
    mine, theirs = Variants.of(tmp_path), Variants.of(tmp_path / "other")
    for v in (mine, theirs):
        v.turn(["07"], True)
    numbers = {mine.number("07", f"student-{i}") for i in range(300)}
    assert len(numbers) == 300 and theirs.number("07", "student-1") not in numbers


@settings(deadline=None)
@given(st.text(), st.text())
def test_any_name_has_a_number(student, other):
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FILE).write_text(json.dumps({"secret": "ab" * 32, "on": ["07"]}))
        variants = Variants.of(Path(folder))
        one, two = variants.number("07", student), variants.number("07", other)
        assert 0 <= one < NUMBERS and ((one == two) == (student == other))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"secret": "zz", "on": []}', '{"secret": "ab", "on": []}', '{"secret": 3, "on": []}',
                                  f'{{"secret": "{"ab" * 32}", "on": [3]}}', f'{{"secret": "{"ab" * 32}"}}'])
def test_a_damaged_file_is_said_and_never_replaced(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    for use in (lambda v: v.number("07", "ada"), lambda v: v.turn(["07"], True), lambda v: v.on):
        with pytest.raises(WorkbookError, match="damaged.*restore it from a backup"):
            use(Variants.of(tmp_path))
    assert (tmp_path / FILE).read_text() == text


# --- in a notebook ---------------------------------------------------------------------------------------------------

def test_the_cell_gets_the_number_and_its_checksum():
    from nbgrader.utils import compute_checksum

    cell = new_code_cell(LINE, metadata=meta("variant"))
    cell.metadata.nbgrader["checksum"] = "old"
    nb = solved_notebook("x", extra_cells=[cell])
    assert given_in(nb) == "None"
    give(nb, None)
    assert given_in(nb) == "None" and cell.metadata.nbgrader.checksum == "old"
    give(nb, 4711)
    namespace = {}
    exec(variant_cell(nb).source, namespace)
    assert namespace["VARIANT"] == 4711 and given_in(nb) == "4711"
    assert variant_cell(nb).metadata.nbgrader.checksum == compute_checksum(variant_cell(nb))
    give(nb, 12)  # the number of another student's copy is replaced as well
    assert given_in(nb) == "12"


def test_a_notebook_without_the_cell_is_left_alone():
    nb = solved_notebook("x", extra_cells=[new_code_cell("VARIANT = None")])
    before = nbformat.writes(nb)
    give(nb, 3)
    assert nbformat.writes(nb) == before and variant_cell(nb) is None


# --- the class list --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("text", ["ada\nbo\n", "student\nada\nbo", "Student,Email\nada,a@x\n\nbo,b@x\n", "\ufeffid\nada\n# gone: zoe\nbo\n", ' ada ,x\n"bo"\n'])
def test_a_class_list(tmp_path, text):
    path = tmp_path / "list"
    path.write_text(text, encoding="utf-8")
    assert read_roster(path) == ["ada", "bo"]


@pytest.mark.parametrize("text, said", [("", "no student in it"), ("student\n", "no student in it"), ("ada\nbo\nAda\n", "stands there twice"),
                                        ("ada\n../bo\n", "cannot be a student's name"), ("Ada Lovelace\n", "cannot be a student's name")])
def test_a_class_list_that_cannot_be_used(tmp_path, text, said):
    path = tmp_path / "list"
    path.write_text(text)
    with pytest.raises(WorkbookError, match=said) as error:
        read_roster(path)
    assert "\n" not in str(error.value)


def test_a_class_list_that_is_none(tmp_path):
    with pytest.raises(WorkbookError, match="there is no such file"):
        read_roster(tmp_path / "gone")
    (tmp_path / "zip").write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(WorkbookError, match="cannot be read as a class list"):
        read_roster(tmp_path / "zip")


# --- one zip a student -----------------------------------------------------------------------------------------------

def test_each_student_has_a_zip_with_a_number_of_their_own(varied, roster):
    paths, on = make_variants(varied, roster)
    assert [p.relative_to(varied.root).as_posix() for p in paths] == ["release/variants/workbook-ada.zip", "release/variants/workbook-bo.zip"]
    assert on == [CONV] == Variants.of(varied.root).on
    for path, student in zip(paths, ("ada", "bo")):
        assert given_in(notebook_of(path)) == str(Variants.of(varied.root).number(CONV, student))
    assert len({p.read_bytes() for p in paths}) == 2
    plain = notebook_of(make_bundle(varied))
    mine = notebook_of(paths[0])
    assert [c.source for c in plain.cells if c.id != "variant"] == [c.source for c in mine.cells if c.id != "variant"]
    assert given_in(plain) == "None" and given_in(nbformat.read(varied.notebooks / CONV / f"{CONV}.ipynb", 4)) == "None"


def test_a_second_release_gives_the_same_zips(varied, roster):
    first = [p.read_bytes() for p in make_variants(varied, roster)[0]]
    assert [p.read_bytes() for p in make_variants(varied, roster)[0]] == first


def test_no_zip_holds_the_secret(varied, roster):
    paths, _ = make_variants(varied, roster)
    secret = json.loads((varied.root / FILE).read_text())["secret"].encode()
    for path in (*paths, make_bundle(varied)):
        with zipfile.ZipFile(path) as bundle:
            assert not any(FILE in name for name in bundle.namelist())
            assert not any(secret in bundle.read(name) for name in bundle.namelist())


def test_one_assignment_into_a_folder(varied, roster, tmp_path):
    paths, _ = make_variants(varied, roster, "07", tmp_path / "out")
    assert [p.name for p in paths] == [f"{CONV}-ada.zip", f"{CONV}-bo.zip"] and paths[0].parent == tmp_path / "out"
    with pytest.raises(WorkbookError, match="it is a folder"):
        make_variants(varied, roster, "07", tmp_path / "out.zip")


def test_an_assignment_without_the_cell_has_no_variants(varied, roster):
    before = tree(varied.root)
    with pytest.raises(WorkbookError, match="nothing to vary"):
        make_variants(varied, roster, "01")
    assert tree(varied.root) == before


def test_copies_out_of_date_turn_nothing_on(varied, roster):
    write_notebook(varied.solutions / CONV / f"{CONV}.ipynb", solved_notebook(CONV + "x"))
    with pytest.raises(WorkbookError, match="run `make notebooks` first"):
        make_variants(varied, roster)
    assert not (varied.root / FILE).exists()


# --- the commands ----------------------------------------------------------------------------------------------------

def test_command_release_with_variants(varied, roster, run):
    result = run(varied, "release", "--variants", roster)
    assert result.exit_code == 0, result.output
    assert "wrote 2 zips to release/variants/" in result.stdout and f"Variants are on for {CONV}." in result.stdout
    result = run(varied, "release")
    assert f"Variants are on for {CONV}, and this zip has the lecture's numbers" in result.stdout
    assert "Variants are on" not in run(varied, "release", "01").stdout


def test_command_variants_says_where_they_are_on(varied, roster, run, fails):
    said = run(varied, "variants").stdout
    assert "Variants are off (variants.json is not there)" in said and "no numbers that vary" in said and "the lecture's numbers" in said
    assert run(varied, "variants", "07", "--on").exit_code == 0
    said = run(varied, "variants").stdout
    assert "numbers of their own" in said and "Kept in variants.json." in said
    assert "no cell there holds" in fails(varied, "variants", "01", "--on")
    assert "numbers of their own" not in run(varied, "variants", "--off").stdout
    assert Variants.of(varied.root).on == []


def test_clean_keeps_the_secret(varied, run):
    Variants.of(varied.root).turn([CONV], True)
    assert run(varied, "clean").exit_code == 0 and (varied.root / FILE).is_file()


def test_git_ignores_the_secret():
    from pathlib import Path

    assert "/variants.json" in (Path(__file__).resolve().parents[2] / ".gitignore").read_text().splitlines()


