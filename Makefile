# The commands of the README. Each installs what it needs first, once.
RELEASE = target/release

.PHONY: setup setup-live setup-test demo live test lint bench evaluate agreement clean

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
	@echo "JSON records and annotated pictures: out/"

live: setup-live
	cargo build --release --locked --features live
	@ln -sfn ../../.onnxruntime/libonnxruntime.so $(RELEASE)/libonnxruntime.so
	@ln -sfn ../../models $(RELEASE)/models
	@echo "$(RELEASE)/orthostat live"

test: setup-test
	cargo test --locked --features live

lint: setup-test
	cargo fmt --check
	cargo clippy --locked --all-targets --features live -- -D warnings
	cargo clippy --locked --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --quiet

bench: setup
	cargo bench --locked

# make evaluate SET=path/of/a/rendered/set
evaluate: setup
	cargo run --release --locked --example evaluate -- $(SET) $(ARGS)

# How far the one-pass reading lies from MediaPipe's own, on the committed golden landmarks.
agreement: setup
	cargo run --release --locked --example agreement -- tests/mediapipe/golden.json samples

clean:
	rm -rf target out .onnxruntime
