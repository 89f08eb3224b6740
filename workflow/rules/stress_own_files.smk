# SPDX-License-Identifier: GPL-3.0-or-later
# A user's own image in the stress study: which fit predicts it, and what it reads.

OWN = STRESS.own
OWN_FAMILY = getattr(STRESS.models, OWN.model).family
OWN_FIT = f"{STRESS_FOLDER}/fits/{OWN.network}/{OWN.model}/repeat0"


def plate_to_predict(wildcards):
    """Return the user's image of that name in ``inputs``, whatever its format."""
    macro = Path(f"inputs/{wildcards.name}.macro.npy")
    return user_image(
        wildcards.name,
        "mesobayes.studies.stress.own.reading:read_own_image",
        macro if macro.exists() else None,
        OWN,
        STRESS.pixels_per_radius,
    )


def macro_stress_of_plate(wildcards):
    """Return the macroscopic stress that the user gives beside the image; none for a uniform strain."""
    path = f"inputs/{wildcards.name}.macro.npy"
    return ancient(path) if Path(path).exists() else []


def hash_of_plate(wildcards):
    """Return a hash of the content of image and macroscopic stress."""
    macro = macro_stress_of_plate(wildcards)
    return content_hash(plate_to_predict(wildcards), *([macro] if macro else []))
