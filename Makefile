# Everything a reader, a student or an instructor runs. `make` alone lists the targets.
# The set-up is one stamp file: it is made anew only when the dependencies changed, so a second start costs nothing.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= 2

# One BLAS thread a process: the tests run side by side, and spinning threads slow the neighbours.
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup lab test grade notebooks site release bench bench-grading bench-widgets clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) -V 2>&1). Say which: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "Could not make $(VENV): install Python's venv module (Debian: apt install python3-venv) and try again." >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock pip setuptools
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
	  --no-build-isolation --editable '.[test]'
	@touch $@

setup: $(STAMP)  ## build the environment in .venv

lab: $(STAMP)  ## copy the student notebooks into work/ (once) and open JupyterLab there
	@$(BIN)/workbook lab

test: $(STAMP)  ## run every test: library, checks, grading, and every notebook of both trees
	@$(BIN)/workbook test -n $(JOBS)

grade: $(STAMP)  ## grade submitted/, or a sample class where nothing was submitted
	@$(BIN)/workbook grade

notebooks: $(STAMP)  ## re-execute solutions/ and regenerate notebooks/ from it
	@$(BIN)/workbook notebooks

$(STAMP)-site: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements.lock \
	  --no-build-isolation --editable '.[site]'
	@touch $@

site: $(STAMP)-site  ## make the solved notebooks into web pages: build/site/index.html
	@$(BIN)/workbook site

release: $(STAMP)  ## make the students' zip
	@$(BIN)/workbook release

bench: $(STAMP)  ## measure speed and memory, beside PyTorch where it is installed (ARGS=--quick: only compare results)
	@$(BIN)/python -m benchmarks $(ARGS)

bench-grading: $(STAMP)  ## measure grading beside stock nbgrader
	@$(BIN)/python -m benchmarks.grading $(ARGS)

bench-widgets: $(STAMP)  ## measure the widgets in JupyterLab beside ipywidgets' interact (needs Chromium and '.[browser]')
	@$(BIN)/python -m benchmarks.widgets $(ARGS)

clean: $(STAMP)  ## remove what was built; never work/, submitted/ or the gradebook
	@$(BIN)/workbook clean
