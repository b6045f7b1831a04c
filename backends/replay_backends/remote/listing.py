"""The names and sizes of all objects below a place, in little memory."""

from collections.abc import Iterator

from replay.errors import BackendError
from replay_backends.remote.filesystems import FileSystem


def names_and_sizes(files: FileSystem) -> Iterator[tuple[str, int]]:
    """Yield the objects below a file system's root, in any order.

    Of S3, no more than a page of 1,000 is held at once: what fsspec gathers of 100,000
    objects is more than 100 MB. What stands for an empty directory is no object.

    Raises:
        BackendError: The listing would never end.
    """
    found = _on_s3(files) if hasattr(files.calls, "call_s3") else _anywhere(files)
    return ((name, size) for name, size in found if not name.endswith("/"))


def _anywhere(files: FileSystem) -> Iterator[tuple[str, int]]:
    for name, details in files.calls.find(files.root, detail=True).items():
        yield name, details["size"] or 0


def _on_s3(files: FileSystem) -> Iterator[tuple[str, int]]:
    bucket, slash, prefix = files.root.partition("/")
    wanted = {"Bucket": bucket, "Prefix": f"{prefix}{slash}"}
    while True:
        page = files.calls.call_s3("list_objects_v2", **wanted)
        for each in page.get("Contents", ()):
            yield f"{bucket}/{each['Key']}", each["Size"]
        if not page.get("IsTruncated"):
            return
        token = page["NextContinuationToken"]
        if token == wanted.get("ContinuationToken"):
            source = f"s3://{files.root}"
            raise BackendError(source, "the listing begins again and again")
        wanted["ContinuationToken"] = token
