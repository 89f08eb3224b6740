# SPDX-License-Identifier: GPL-3.0-or-later
"""A run whose results lie in an object store: a local S3, which ends with the test."""

import contextlib
import subprocess
import sys

from cluster.conftest import FIGURE, needs
from cluster.copies import shown
from cluster.local_slurm import free_ports
from workflow.copies import ROOT, SMOKE, copy_of

BUCKET = "results-of-a-test"
CELLS = "results/smoke/permeability/mono/cells.zarr.zip"
STORAGE = ("--default-storage-provider", "s3", "--default-storage-prefix", f"s3://{BUCKET}/mine")


@contextlib.contextmanager
def local_s3(folder):
    """Serve an empty S3 on loopback; the variables by which Snakemake finds it."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield {
            "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "nobody",
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
            "SNAKEMAKE_STORAGE_S3_REGION": "us-east-1",
        }
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_results_in_an_object_store_are_those_of_a_folder_and_are_made_once(
    on_one_machine, tmp_path, monkeypatch
):
    needs("snakemake_storage_plugin_s3")
    needs("moto")
    copy = copy_of(ROOT, tmp_path)
    with local_s3(tmp_path) as variables:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        run = copy.snakemake(FIGURE, *STORAGE, *SMOKE)
        assert run.code == 0, run.text[-4000:]
        assert {f"mine/{FIGURE}", f"mine/{CELLS}"} <= set(objects(variables))
        assert not list((copy.path / "results").rglob("*.zarr.zip"))
        assert "Nothing to be done" in copy.snakemake(FIGURE, *STORAGE, *SMOKE).text
        figure = (copy.path / FIGURE).with_suffix(".json")
        figure.write_bytes(objects(variables)[f"mine/{FIGURE.removesuffix('.pdf')}.json"])
    assert shown(copy, FIGURE)["panels"] == shown(on_one_machine, FIGURE)["panels"]


def objects(variables):
    """Return the content of the bucket."""
    import boto3

    client = boto3.client(
        "s3",
        endpoint_url=variables["SNAKEMAKE_STORAGE_S3_ENDPOINT_URL"],
        aws_access_key_id="nobody",
        aws_secret_access_key="secret",
        region_name="us-east-1",
    )
    names = [entry["Key"] for entry in client.list_objects_v2(Bucket=BUCKET)["Contents"]]
    return {name: client.get_object(Bucket=BUCKET, Key=name)["Body"].read() for name in names}
