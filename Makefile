# Everything runs in .venv, which is made from nothing with the pinned set of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test sweep lint reports bench screenshot conformance kits timelines zoo twins torchvision-table messages docs \
	clean

demo: $(STAMP)
	$(BIN)/reconcile demo

test: $(STAMP) lint
	$(BIN)/python -m pytest -q

# What the suite tests on a few networks, on all of them.
sweep: $(STAMP)
	$(BIN)/python -m pytest -q -m sweep

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The check of the articles ends with 1, because some of their numbers do not hold.
reports: $(STAMP)
	$(BIN)/reconcile demo --output reports/missing-1.638G.md --out reports/missing-1.638G --force
	$(BIN)/reconcile demo --lang zh --output reports/missing-1.638G.zh.md
	$(BIN)/reconcile audit torchvision.models:vit_b_16 -i 1,3,224,224 -c thop -c torchinfo -c fvcore -c ptflops \
		-c torch@no_grad -c torch@grad --output reports/vit-b-16.md
	$(BIN)/reconcile formulas reconcile.zoo.transformer_models:model -i 1,1024:int64 --arg kind=GPT2LMHeadModel \
		--output reports/gpt2-formulas.md
	$(BIN)/reconcile check --shipped --output reports/articles.md || test $$? -eq 1

# Takes minutes, and means something on a machine that does nothing else.
bench: $(STAMP)
	$(BIN)/reconcile bench torchvision.models:resnet152 -i 1,3,224,224 --then 1,3,640,640 --then 1,3,1024,1024 \
		--timeout 900 --output reports/bench.md

# The first screen of the page; it needs a Chromium.
screenshot: reports/missing-1.638G/index.html
	chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
		--disable-component-update --disable-sync --hide-scrollbars --window-size=1280,800 --force-device-scale-factor=1 \
		--user-data-dir=$$(mktemp --directory) --screenshot=reports/missing-1.638G.png file://$(CURDIR)/$<

conformance: $(STAMP)
	$(BIN)/reconcile conform --all --output reports/conformance.md --output reports/conformance.json
	$(MAKE) kits

# What four counters' maintainers would have to accept, from the results of `make conformance`.
kits: $(STAMP)
	$(BIN)/reconcile kits thop ptflops fvcore torchinfo --from reports/conformance.json --out reports/kits \
		--output reports/kits.md

# The catalogue of messages with every sentence of the code in it; those that are new have no translation yet.
MESSAGES := $(BIN)/python -m babel.messages.frontend
messages: $(STAMP)
	mkdir -p build
	$(MESSAGES) --quiet extract --keyword phrase --keyword phrases:1,2 --keyword later --no-location --sort-output \
		--omit-header --width 120 --output-file build/messages.pot reconcile adapters docs/generate
	$(MESSAGES) --quiet update --no-fuzzy-matching --ignore-obsolete --omit-header --no-wrap --locale zh \
		--input-file build/messages.pot --output-file reconcile/languages/zh.po

docs: $(STAMP)
	$(BIN)/python docs/generate
	$(BIN)/mkdocs build --strict --quiet

# One counter at each of its releases.  fvcore has 130 of them; these are the ones between which its source changed.
# A timeline ends with 1 while any release cannot run, which is no failure of the command itself.
FVCORE := 0.1.3.post20210218,0.1.3.post20210219,0.1.3.post20210224,0.1.3.post20210226,0.1.3.post20210305,$\
	0.1.3.post20210306,0.1.3.post20210310,0.1.3.post20210311,0.1.3.post20210317,0.1.4.post20210324,$\
	0.1.5.post20210415,0.1.5.post20210511,0.1.5.post20210617,0.1.5.post20210630,0.1.5.post20210727,$\
	0.1.5.post20210825,0.1.5.post20210915,0.1.5.post20210923,0.1.5.post20210924,0.1.5.post20211023,$\
	0.1.5.post20220119,0.1.5.post20220504,0.1.5.post20221122,0.1.5.post20221221

timelines: $(STAMP)
	for name in thop ptflops fvcore torchinfo ultralytics-thop; do \
		chosen=; test $$name != fvcore || chosen="--releases $(FVCORE)"; \
		$(BIN)/reconcile timeline $$name reconcile.models:Layers -i 1,3,32,32 $$chosen \
			--output reports/timeline-$$name.md || test $$? -eq 1 || exit; \
		$(BIN)/reconcile timeline $$name torchvision.models:densenet121 -i 1,3,224,224 $$chosen \
			--output reports/timeline-$$name-densenet121.md || test $$? -eq 1 || exit; \
	done

# Every counter on every network of reconcile/zoo/networks.yaml: more than an hour on two idle cores; it goes on where it was ended.
# It ends with 1 while any run is not explained, which is no failure of the sweep itself.
zoo: $(STAMP)
	$(BIN)/reconcile survey reconcile/zoo/networks.yaml --output reports/zoo.md --resume || test $$? -eq 1

# Paddle twins of torchvision's classification models; it goes on where it was ended, and ends with 1 as `zoo` does.
twins: $(STAMP)
	$(BIN)/reconcile twins reconcile/zoo/networks.yaml --model 'torchvision classification' \
		--output reports/paddle-torchvision.md --resume || test $$? -eq 1

# Every number that torchvision publishes of its models, by shape alone: a few minutes.
torchvision-table: $(STAMP)
	$(BIN)/reconcile identify --table reports/torchvision-published.csv --output reports/torchvision-table.md

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $(STAMP)

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
