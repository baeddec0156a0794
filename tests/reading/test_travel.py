"""Readers and readings in other processes, in threads, and in copies."""

import copy
import multiprocessing
import pickle
import subprocess
import sys
import textwrap
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from cfer.checkpoint import DEFAULT, CheckpointError, load_checkpoint
from cfer.pictures import read_picture
from cfer.reading.reader import Reader
from cfer.system.forks import RenewedLock
from cfer.system.resources import EXAMPLES

FACE = EXAMPLES / "2-happy.jpg"
OTHER = EXAMPLES / "6-sadly-angry.jpg"


def sent(thing):
    return pickle.loads(pickle.dumps(thing))


def test_a_reading_that_was_sent_is_the_same_and_answers_further(reader):
    face = reader.face(FACE)
    face.explain("happy")
    again = sent(face)
    assert again.probabilities == face.probabilities
    assert torch.equal(again.explain("happy").raw, face.explain("happy").raw)
    assert torch.equal(again.explain("sad").raw, face.explain("sad").raw)
    assert again.box == face.box
    assert again.quality == face.quality
    assert len(pickle.dumps(face)) < 3_000_000  # its reader goes as the name of a folder


def test_a_reader_is_sent_as_what_it_was_made_of(reader):
    assert len(pickle.dumps(reader)) < 1000
    taught, _ = reader.teach("smirking", [FACE])
    step = taught.at_step(3)
    for one in (reader, taught, step):
        again = sent(one)
        assert again.names == one.names
        assert again.digest == one.digest
        assert torch.equal(again.reread(reader.face(OTHER)).maps.logits, one.reread(reader.face(OTHER)).maps.logits)
    with pytest.raises(ValueError, match="cannot be taught or adapted"):
        sent(step).teach("more", [FACE])


def test_a_reader_of_a_checkpoint_in_memory_is_sent_whole(reader):
    again = sent(Reader(load_checkpoint()))
    assert again.digest == reader.digest


def test_a_folder_that_changed_is_not_taken_for_what_was_loaded(tmp_path):
    import shutil

    folder = tmp_path / "checkpoint"
    shutil.copytree(DEFAULT, folder)
    data = pickle.dumps(Reader(folder))
    config = (folder / "config.json").read_text()
    (folder / "config.json").write_text(config + "\n")
    with pytest.raises(CheckpointError, match="has been changed since"):
        pickle.loads(data)


def test_a_deep_copy_shares_no_weight(reader):
    taught, _ = reader.teach("smirking", [FACE])
    other = copy.deepcopy(taught)
    assert other.names == taught.names
    mine, theirs = (dict(r.checkpoint.model.named_parameters()) for r in (taught, other))
    assert all(theirs[name].data_ptr() != mine[name].data_ptr() for name in mine)
    face = copy.deepcopy(reader.face(FACE))
    assert face.reader is not reader
    assert face.probabilities == reader.face(FACE).probabilities


def test_a_lock_is_free_elsewhere_and_held_here():
    lock = RenewedLock()
    with lock:
        for other in (sent(lock), copy.deepcopy(lock)):
            done = threading.Event()
            threading.Thread(target=lambda other=other, done=done: (other.__enter__(), done.set()), daemon=True).start()
            assert done.wait(10)
        kept_out = threading.Event()
        threading.Thread(target=lambda: (lock.__enter__(), kept_out.set()), daemon=True).start()
        assert not kept_out.wait(0.2)


def test_reading_in_eight_threads_leaves_the_filters_of_warnings_as_they_were():
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(read_picture, [FACE, OTHER] * 40))) == 80
    assert list(warnings.filters) == before


def run(script: str, timeout: float = 180) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, done.stderr[-1500:]
    return done.stdout


FORK = """
import multiprocessing, threading, cfer
from cfer.system.resources import EXAMPLES
reader = cfer.load()
before = reader.face(EXAMPLES / "2-happy.jpg").top
def child(_):
    face = reader.face(EXAMPLES / "2-happy.jpg")
    face.explain("happy"), face.relation("happily surprised"), reader.teach("smirking", [face])
    return face
over = threading.Event()
def busy():
    while not over.is_set():
        reader.read(EXAMPLES / "6-sadly-angry.jpg")
thread = threading.Thread(target=busy)
thread.start()  # the fork happens while another thread reads
with multiprocessing.get_context("fork").Pool(2) as pool:
    found = pool.map_async(child, range(6)).get(150)
over.set()
thread.join()
print(*{face.top for face in found} | {before})
"""


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
def test_a_process_that_has_read_a_picture_may_fork_and_read_on():
    assert run(FORK).split() == ["happy"]


WORKERS = """
import sys, cfer, torch
from cfer.system.resources import EXAMPLES
class Faces(torch.utils.data.Dataset):
    def __init__(self): self.reader, self.paths = cfer.load(), sorted(EXAMPLES.glob("*.jpg"))[:4]
    def __len__(self): return len(self.paths)
    def __getitem__(self, n): return self.reader.face(self.paths[n]).top
if __name__ == "__main__":
    faces = Faces()
    expected = [faces[n] for n in range(4)]
    for kind in sys.argv[1:]:
        loader = torch.utils.data.DataLoader(faces, batch_size=1, num_workers=2, multiprocessing_context=kind)
        assert [name for batch in loader for name in batch] == expected, kind
    from joblib import Parallel, delayed
    assert Parallel(n_jobs=2)(delayed(faces.__getitem__)(n) for n in range(4)) == expected
    print("same")
"""


@pytest.mark.slow
def test_workers_of_dataloaders_and_joblib_read_as_this_process_does(tmp_path):
    script = tmp_path / "workers.py"
    script.write_text(WORKERS)
    kinds = [kind for kind in ("spawn", "fork") if kind in multiprocessing.get_all_start_methods()]
    done = subprocess.run([sys.executable, str(script), *kinds], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.split() == ["same"]


SENDER = """
import multiprocessing, sys, cfer
from cfer.system.resources import EXAMPLES
FACE = str(EXAMPLES / "2-happy.jpg")
def put(queue):
    taught, effect = cfer.load().teach("smirking", [FACE])
    for thing in (taught, taught.lessons[0], taught.face(FACE), effect):
        queue.put(thing)
if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=put, args=(queue,))
    process.start()
    reader, lesson, face, effect = [queue.get(timeout=200) for _ in range(4)]
    process.join()  # what was sent does not hang on who sent it
    again = cfer.load().with_lessons([lesson])
    print(reader.face(FACE).top, face.top, again.face(FACE).top, effect.name)
"""


@pytest.mark.slow
def test_what_was_taught_outlives_the_process_that_sent_it(tmp_path):
    script = tmp_path / "sender.py"
    script.write_text(SENDER)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-1500:]
    assert done.stdout.split() == ["smirking"] * 4
