# SPDX-License-Identifier: GPL-3.0-or-later
# make env                       prepare .venv from the locked requirements (GPU=1 adds CUDA, CLUSTER=1 Slurm and S3)
# make results/<anything>        make a figure, a table or any intermediate file by snakemake
# make test | test-cluster | bench | report | archive | restore | gpu-check | schema | tutorial | lock | peers
# make bench-peers | bench-scaling   records of benchmarks, on quiet cores; the same command goes on after a stop
# make paper-gpu | pack   the headlines of the papers at printed size on a GPU; pack for a machine without network
#
# SCALE=smoke|small|paper and SNAKEMAKE_FLAGS="..." are passed on; PYTHON=python3.12 picks the interpreter.

SHELL := /bin/bash
PYTHON ?= python3
SCALE ?=
SNAKEMAKE_FLAGS ?=
GPU ?=
CLUSTER ?=

VENV := .venv
BIN := $(VENV)/bin
PEERS = $(if $(wildcard .venv-peers/ready),--peers .venv-peers/bin/python)
LOCK := envs/requirements-dev.txt $(if $(GPU),envs/requirements-gpu.txt) $(if $(CLUSTER),envs/requirements-cluster.txt)
STAMP := $(VENV)/ready$(if $(GPU),-gpu)$(if $(CLUSTER),-cluster)
CONFIG := $(if $(SCALE),--config scale=$(SCALE))

.PHONY: help env all test test-cluster bench bench-peers bench-scaling report archive restore
.PHONY: gpu-check paper-gpu pack schema tutorial lock peers
.DEFAULT_GOAL := help

help:
	@sed -n '2,8s/^# \?//p' Makefile

env: $(STAMP)

$(STAMP): $(LOCK) pyproject.toml envs/check_system.sh
	@bash envs/check_system.sh python $(PYTHON)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --no-compile $(foreach file,$(LOCK),-r $(file))
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@bash envs/check_system.sh gmsh $(BIN)/python
	@touch $@

all: $(STAMP)
	$(BIN)/snakemake all $(SNAKEMAKE_FLAGS) $(CONFIG)

# one snakemake for all the results asked for; FORCE because snakemake, not make, knows what is up to date
results/%: $(STAMP) FORCE
	$(BIN)/snakemake $@ $(SNAKEMAKE_FLAGS) $(CONFIG)

FORCE:

.NOTPARALLEL:

test: $(STAMP)
	$(BIN)/python -m pytest

# through a Slurm of this machine, started for it: root, and apt-get install slurm-wlm munge
test-cluster:
	$(MAKE) --no-print-directory env CLUSTER=1
	$(BIN)/python -m pytest tests/cluster

bench: $(STAMP)
	$(BIN)/python benchmarks/pieces.py peers $(PEERS)
	$(BIN)/python benchmarks/pieces.py scaling
	$(BIN)/python benchmarks/failure_simulation.py --specimens 20 --output docs/benchmarks/failure.md

bench-peers: $(STAMP) peers
	$(BIN)/python benchmarks/pieces.py peers --peers .venv-peers/bin/python

bench-scaling: $(STAMP)
	$(BIN)/python benchmarks/pieces.py scaling

report: $(STAMP)
	$(BIN)/mesobayes report $(if $(SCALE),--scale $(SCALE))

# everything of one scale in one file, and back: make restore ARCHIVE=archive-smoke.zip
archive: $(STAMP)
	$(BIN)/mesobayes archive $(if $(SCALE),--scale $(SCALE))

restore: $(STAMP)
	$(BIN)/mesobayes restore $(ARCHIVE)

gpu-check: $(STAMP)
	$(BIN)/python benchmarks/gpu_check.py

# after make env GPU=1; MINUTES=9 ends in time, and the same command goes on
paper-gpu: $(STAMP)
	$(BIN)/python benchmarks/paper_gpu.py $(if $(MINUTES),--minutes $(MINUTES))

# HAVE=freeze.txt STORES="results/paper/..."
pack: $(STAMP)
	$(BIN)/python benchmarks/pack.py $(if $(HAVE),--have $(HAVE)) $(if $(STORES),--stores $(STORES))

# what config.yaml may hold, for editors; made from the settings of the studies, and a test keeps it so
schema: $(STAMP)
	{ echo "# SPDX-License-Identifier: GPL-3.0-or-later"; $(BIN)/python -m mesobayes.studies.configuration; } > workflow/schemas/config.schema.yaml

# docs/tutorial.ipynb from docs/tutorial.md, and a test keeps it so
tutorial: $(STAMP)
	$(BIN)/python docs/notebook.py

# the locks: universal for Linux and Python 3.11 or newer, with hashes
LOCKING = uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --extra build

# (botocore asks for an older python-dateutil than the one in use, and works with it: tests/cluster)
lock:
	$(LOCKING) -o envs/requirements.txt
	$(LOCKING) --extra dev -c envs/requirements.txt -o envs/requirements-dev.txt
	$(LOCKING) --extra gpu -c envs/requirements.txt -o envs/requirements-gpu.txt
	$(LOCKING) --extra slurm --extra s3 --extra cluster -c envs/requirements.txt -o envs/requirements-cluster.txt \
		--override <(grep -o '^python-dateutil==[^ ]*' envs/requirements.txt)

# only for timing side by side; not locked by hashes, and nothing else uses it: 4 GB on disk, half of it TensorFlow
peers: .venv-peers/ready

.venv-peers/ready: Makefile
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip install --quiet torch==2.13.0 numpy scipy pyamg==5.4.1 taufactor==1.2.1 \
		scikit-fem==12.0.1 meshio==5.3.5 cholespy==2.2.0 bayesian-torch==0.5.0 \
		tensorflow-cpu==2.21.0 tf-keras==2.21.0 tensorflow-probability==0.25.0
	@touch $@
