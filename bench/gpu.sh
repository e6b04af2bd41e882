#!/bin/sh
# The engines on this machine's GPU: conformance suite, tests/gpu, large groups beside
# dask-cudf, then benchmark. Each has its own limit of time, and the next one goes on
# after one that failed.
#
#   bench/gpu.sh PYTHON PACKAGES OUT [options of bench.gpu]
#
# PACKAGES: a folder of wheels (installed into .venv-gpu without any index), a folder of
# unpacked packages (put in front of what PYTHON has), or "" (installed from the index).
set -eu
python=$1 packages=$2 out=$3
shift 3

if ! ls /dev/nvidia[0-9]* >/dev/null 2>&1; then
    echo "make gpu: skipped, no NVIDIA device on this machine"
    exit 0
fi

install() {
    # What the machine's own Python has serves, where its versions do.
    test -d .venv-gpu || "$python" -m venv --system-site-packages .venv-gpu
    python=.venv-gpu/bin/python
    "$python" -m pip install --quiet --disable-pip-version-check "$@" -e ".[cuda13,dev]"
}

if [ -z "$packages" ]; then
    install
elif ls "$packages"/*.whl >/dev/null 2>&1; then
    install --no-index --find-links "$packages"
else
    export PYTHONPATH="$packages${PYTHONPATH:+:$PYTHONPATH}"
fi
export PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"

mkdir -p "$out"
"$python" -c 'from ingestd.run.engines.cudf.cuda import own_device; own_device()'
status=0 several=
if "$python" -c 'import xdist' 2>/dev/null; then
    several="-n 6 --dist loadscope"
fi
# shellcheck disable=SC2086 - no options, or several words
timeout 400 "$python" -m pytest -q -m gpu tests/conformance -p no:cacheprovider \
    -p no:benchmark $several --junitxml="$out/conformance.xml" \
    >"$out/conformance.txt" 2>&1 || status=$?
tail -n 15 "$out/conformance.txt"
timeout 500 "$python" -m pytest -q -m gpu tests/gpu -s -p no:cacheprovider \
    -p no:benchmark --junitxml="$out/device.xml" >"$out/device.txt" 2>&1 || status=$?
tail -n 40 "$out/device.txt"
timeout 400 "$python" -m bench.groups 8 24 60 --beside-dask \
    >"$out/groups.txt" 2>"$out/groups-errors.txt" || status=$?
cat "$out/groups.txt"
timeout 600 "$python" -m bench.gpu --out "$out" "$@" >"$out/bench.txt" 2>&1 || status=$?
cat "$out/bench.txt"
if [ -e "$out/crossover.csv" ]; then
    "$python" -m bench.plot "$out/crossover.csv" "$out/crossover.svg"
    "$python" -m bench.plot "$out/crossover.csv" "$out/crossover.png"
fi
exit $status
