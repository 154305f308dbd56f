"""Show a few lines of progress."""

from loadtest.core.progress import progress

if __name__ == "__main__":
    with progress() as shown:
        shown.log("boot", "3.0.7")
        shown.log("load", "20 users [bold]x")
        shown.update("7 requests")
    print("done")
