"""English words for expressions in a sentence, and for what is seen of a muscle; names are what the package says."""

ADJECTIVES = {"hatred": "angry and disgusted, in a blend that research calls hatred"}

SIGHTS = {
    1: "inner brows up",
    2: "outer brows up",
    4: "brows down",
    5: "eyes wide open",
    6: "cheeks up",
    7: "lids tight",
    9: "nose wrinkled",
    10: "upper lip up",
    11: "folds beside the nose deep",
    12: "corners of the mouth up",
    15: "corners of the mouth down",
    17: "chin pushed up",
    20: "lips stretched",
    23: "lips tight",
    24: "lips pressed together",
    25: "lips apart",
    26: "jaw dropped",
}
