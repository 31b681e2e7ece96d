"""The table that gpu-check prints: what was looked at, what Divvy does, what is expected, and whether they agree."""


class Table:
    def __init__(self):
        self.rows = []
        self.counted = 0
        self.wrong = 0

    def check(self, what, got, expected, agrees=None):
        """A row that counts; without `agrees` the two have to be equal."""
        good = got == expected if agrees is None else bool(agrees)
        self.counted += 1
        self.wrong += not good
        self.rows.append((what, str(got), str(expected), "ok" if good else "WRONG"))

    def note(self, what, got, expected="-"):
        """A row that says something and is not counted as agreement."""
        self.rows.append((what, str(got), str(expected), "-"))

    def show(self):
        rows = [("what", "divvy", "nvidia-smi or expected", "")] + self.rows
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
        print(f"{self.counted - self.wrong} of {self.counted} agree")


def near(got, expected, tolerance):
    return got is not None and abs(got - expected) <= tolerance
