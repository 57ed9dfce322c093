# The commands of the README. Each installs what it needs first, once.
RELEASE = target/release

.PHONY: setup setup-live demo live test lint bench bench-live evaluate agreement clean

setup:
	@.ci/setup

setup-live:
	@.ci/setup live

# Built without OpenCV. ONNX Runtime and the model files lie beside the program, where it looks for them.
demo: setup
	cargo build --release --locked --bin orthostat
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	$(RELEASE)/orthostat analyze samples/*.jpg --out out
	@echo "JSON records and annotated pictures: out/"

live: setup-live
	cargo build --release --locked --features live
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	@echo "$(RELEASE)/orthostat live"

test: setup-live
	cargo test --locked --features live

lint: setup-live
	cargo fmt --check
	cargo clippy --locked --all-targets --features live -- -D warnings
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

bench: setup
	cargo bench --locked

# The webcam program beside Python with MediaPipe: make bench-live PYTHON=VENV/bin/python [FRAMES=20000]
bench-live: setup-live
	PYTHON=$(PYTHON) FRAMES=$(FRAMES) cargo bench --locked --features live --bench live

# make evaluate SET=path/of/a/rendered/set
evaluate: setup
	cargo run --release --locked --example evaluate -- $(SET) $(ARGS)

# How far the one-pass reading lies from MediaPipe's own, on the committed golden landmarks.
agreement: setup
	cargo run --release --locked --example agreement -- tests/mediapipe/golden.json samples

clean:
	rm -rf target out .onnxruntime
