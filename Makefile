# The commands of the README. Each installs what it needs first, once.
RELEASE = target/release

.PHONY: setup setup-live setup-test demo live test test-privacy attack test-spark lint bench bench-batch bench-live evaluate evaluate-real evaluate-following calibrate fit-second fit-repeat fit-side evaluate-change agreement audit clean

setup:
	@.ci/setup

setup-live:
	@.ci/setup live

setup-test:
	@.ci/setup test

# Built without OpenCV. ONNX Runtime and the model files lie beside the program, where it looks for them.
demo: setup
	cargo build --release --locked --bin orthostat
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	$(RELEASE)/orthostat analyze samples/*.jpg --out out
	@$(RELEASE)/orthostat report out/anterior-tilted.json out/lateral-left.json --photos samples --subject "Sample person" --out out/page.html

live: setup-live
	cargo build --release --locked --features live,parquet
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	@echo "$(RELEASE)/orthostat live"

test: setup-test
	cargo test --locked --features live,parquet

# The release build against malformed files, kills, planted links, hostile names and callers: eight minutes, on this machine alone.
attack: setup
	cargo build --release --locked --bin orthostat --example attack
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	$(RELEASE)/examples/attack $(ARGS)

# What leaves the machine, what is written where, and heads that must be covered: the long forms of what `make test` runs too.
test-privacy: setup-test
	ORTHOSTAT_PRIVACY=long cargo test --locked --features live,parquet --test suite -- privacy:: heads::

lint: setup-test
	cargo fmt --check
	cargo clippy --locked --all-targets --features live,parquet -- -D warnings
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --no-default-features --lib -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

bench: setup
	cargo bench --locked

# As the pipe of a Spark cluster on this machine, one of whose workers is killed. Installs Java and PySpark, some 500 MB.
test-spark: demo
	tests/spark/run

# Batches against MediaPipe: PYTHON is a Python with the packages of tests/mediapipe/requirements.txt.
PYTHON = target/mediapipe/bin/python
bench-batch: demo
	@[ "$(PYTHON)" != target/mediapipe/bin/python ] || [ -x $(PYTHON) ] || benches/python/setup
	python3 benches/python/batch.py compare $(PYTHON)
	python3 benches/python/batch.py workers
	python3 benches/python/batch.py flat

# The webcam program beside Python with MediaPipe: make bench-live [PYTHON=VENV/bin/python] [FRAMES=20000]
bench-live: setup-test
	@[ "$(PYTHON)" != target/mediapipe/bin/python ] || [ -x $(PYTHON) ] || benches/python/setup
	PYTHON=$(PYTHON) FRAMES=$(FRAMES) cargo bench --locked --features live --bench live

# make evaluate SET=path/of/a/rendered/set
evaluate: setup
	cargo run --release --locked --example evaluate -- $(SET) $(ARGS)

# make evaluate-real SET=path/of/annotated/real/photos: values against labels, and whether each step helps there
evaluate-real: setup
	cargo run --release --locked --example evaluate_real -- $(SET) $(ARGS)

# make evaluate-following SET=path/of/annotated/real/photos: how much of a known change of the head the values follow
evaluate-following: setup
	cargo run --release --locked --example following -- $(SET) $(ARGS)

# make calibrate REAL=path/of/annotated/real/photos RENDERED="path/of/a/rendered/set another": makes src/core/uncertainty/calibration.json again
calibrate: setup
	cargo run --release --locked --example calibrate -- $$(date -u +%F) --real $(REAL) --rendered $(RENDERED) > target/calibration.json
	mv target/calibration.json src/core/uncertainty/calibration.json

# What the fits below read: every photo of the sets measured at a quality, one record a line. A photo that is refused ends nothing.
FITS = target/fits
fits = @mkdir -p $(FITS); for set in $(REAL) $(RENDERED); do [ -f $$set/truth.json ] || { echo "$$set: no truth.json"; exit 1; }; \
	find $$set -name masks -prune -o \( -name '*.jpg' -o -name '*.png' \) -print | sort | \
	$(RELEASE)/orthostat batch --jsonl --quality $(1) - > $(FITS)/$$(echo $$set | tr / _).jsonl || [ $$? -eq 1 ] || exit 1; done
fitted = $(foreach set,$(2),$(1) $(set) $(FITS)/$(subst /,_,$(set)).jsonl)

# make fit-second REAL=path/of/annotated/real/photos RENDERED="path/of/a/rendered/set another": makes src/core/uncertainty/second.json again
fit-second: demo
	$(call fits,best)
	cargo run --release --locked --example second -- $$(date -u +%F) $(call fitted,--real,$(REAL)) $(call fitted,--rendered,$(RENDERED)) > $(FITS)/second
	mv $(FITS)/second src/core/uncertainty/second.json

# make fit-side REAL=path/of/annotated/real/photos RENDERED=path/of/a/rendered/set: makes src/core/uncertainty/side.json again
fit-side: demo
	$(call fits,standard)
	cargo run --release --locked --example side -- $$(date -u +%F) $(call fitted,--real,$(REAL)) $(call fitted,--rendered,$(RENDERED)) > $(FITS)/side
	mv $(FITS)/side src/core/uncertainty/side.json

# make fit-repeat RENDERED="path/of/rendered/visits another": makes src/core/uncertainty/repeat.json again
fit-repeat: demo
	$(call fits,standard)
	cargo run --release --locked --example repeat -- $$(date -u +%F) $(call fitted,,$(RENDERED)) > $(FITS)/repeat
	mv $(FITS)/repeat src/core/uncertainty/repeat.json

# make evaluate-change SET="path/of/a/rendered/set another": how often "changed" and "no change" are right
evaluate-change: setup
	cargo run --release --locked --example change -- $(SET)

# make audit SET=path/of/a/labelled/set: tilts by MediaPipe, MoveNet and Orthostat, judged by poseaudit side by side
audit: demo
	@[ -x target/poseaudit/bin/poseaudit ] || { python3 -m venv target/poseaudit && \
	    target/poseaudit/bin/pip install --quiet --disable-pip-version-check -r benches/python/audit.txt; }
	target/poseaudit/bin/python benches/python/audit.py $(SET) --program $(RELEASE)/orthostat \
	    --poseaudit target/poseaudit/bin/poseaudit $(ARGS)

# How far the one-pass reading lies from MediaPipe's own, on the committed golden landmarks.
agreement: setup
	cargo run --release --locked --example agreement -- tests/mediapipe/golden.json samples

clean:
	rm -rf target out .onnxruntime
