# SPDX-License-Identifier: GPL-3.0-or-later
# Stress in porous plates: which files there are, and which a rule needs.

from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.studies.stress.settings import ChainSettings

STRESS = SETTINGS.stress
FAMILIES = tuple(vars(STRESS.families))
STRESS_FOLDER = f"{RESULTS}/stress"
EXPERIMENTS = (
    "selective",
    "selective_large",
    "rate_low",
    "rate_middle",
    "rate_high",
    "selective_full",
    "selective_structures",
)


def structure_batches(wildcards):
    """Return the batch files of a family."""
    number = getattr(STRESS.structures, wildcards.family)
    return [
        f"{STRESS_FOLDER}/{wildcards.family}/batches/{i:04d}.zarr.zip"
        for i in range(batch_count(number, STRESS.structures.batch))
    ]


def structure_times(family):
    """Return the benchmark files of the batches of a family's structures."""
    batches = batch_count(getattr(STRESS.structures, family), STRESS.structures.batch)
    return [
        f"{BENCHMARKS}/simulate_structures/{family}_{i:04d}.tsv" for i in range(batches)
    ]


def structures_of_batch(wildcards):
    """Return the numbers of the structures in one batch."""
    number = getattr(STRESS.structures, wildcards.family)
    return batch_items(range(number), STRESS.structures.batch)(wildcards)


def validation_of_family(wildcards):
    """Return how many structures of a family no fit sees; None for all of them."""
    return getattr(STRESS.validation_structures, wildcards.family, None)


def curves_of(experiment):
    """Return the learning curves of an experiment."""
    return f"{STRESS_FOLDER}/{experiment}/curves.zarr.zip"


def experiment_of(wildcards):
    """Return the settings of the experiment that a job belongs to."""
    return getattr(STRESS, wildcards.experiment)


def patches_of_experiment(wildcards):
    """Return the patches of an experiment."""
    return f"{STRESS_FOLDER}/{experiment_of(wildcards).family}/patches.zarr.zip"


def channels_of(family, network):
    """Return the channels of single pixels of a family, where a network sees them."""
    pixels = isinstance(getattr(STRESS.networks, network), LocalNetworkSettings)
    return f"{STRESS_FOLDER}/{family}/channels.zarr.zip" if pixels else []


def channels_of_experiment(wildcards):
    """Return the channels of an experiment's patches, where its network sees them."""
    return channels_of(experiment_of(wildcards).family, wildcards.network)


def mechanics_of_experiment(wildcards):
    """Return what mechanics reaches on the patches of an experiment."""
    return f"{STRESS_FOLDER}/{experiment_of(wildcards).family}/mechanics.zarr.zip"


def chain_of_experiment(wildcards):
    """Return the sets and queries of a chain."""
    return narrowed(experiment_of(wildcards), ChainSettings)


def threshold_of_experiment(wildcards):
    """Return the relative error within which a prediction counts."""
    return experiment_of(wildcards).threshold


def fit_of_experiment(wildcards):
    """Return how an experiment fits a network."""
    fit = getattr(STRESS.fits, wildcards.network)
    return fit.lengthened(experiment_of(wildcards).length)


def selective_chain(experiment, network, acquisition, repeat):
    """Return the store of one chain."""
    return (
        f"{STRESS_FOLDER}/{experiment}/{network}/{acquisition}/repeat{repeat}.zarr.zip"
    )


def first_fit(wildcards):
    """Return the first fit of a repeat, from which its chains go on; none for itself."""
    if wildcards.acquisition == "initial":
        return []
    return selective_chain(
        wildcards.experiment, wildcards.network, "initial", wildcards.repeat
    )


def chain_minutes(wildcards):
    """Return the minutes of a chain: an hour a query."""
    first = wildcards.acquisition == "initial"
    return 60 if first else 60 * experiment_of(wildcards).queries


def selective_chains(wildcards):
    """Return every chain of an experiment, the first fits among them."""
    settings = experiment_of(wildcards)
    return [
        selective_chain(wildcards.experiment, network, acquisition, repeat)
        for network, acquisitions in vars(settings.acquisitions).items()
        if acquisitions
        for acquisition in ("initial", *acquisitions)
        for repeat in range(settings.repeats)
    ]


def patches_of_fits():
    """Return the patches that each fit learns from; a turned copy gives 30 patches of a structure that gives 79."""
    chains = [getattr(STRESS, experiment) for experiment in EXPERIMENTS]
    return [
        model.labels * (1 + 0.4 * model.rotations)
        for model in vars(STRESS.models).values()
    ] + [
        chain.labelled(chain.queries) * (1 if chain.unit == "patch" else 81)
        for chain in chains
    ]


def patches_mem_mb(wildcards):
    """Return the memory of a job that fits patches or predicts them: those of the largest fit once, as without a GPU, and a base."""
    pixels, roi = (18 * STRESS.pixels_per_radius) ** 2, (
        8 * STRESS.pixels_per_radius
    ) ** 2
    patch = (
        5 * 4 * pixels + 5 * roi
    )  # five channels, target; single precision, and a mask
    return 2700 + int(max(patches_of_fits()) * patch / 1e6)


def structures_mem_mb(wildcards):
    """Return the memory of a job that joins or cuts structures: their images twice, and a base."""
    structures = getattr(STRESS.structures, wildcards.family)
    images = (50 * STRESS.pixels_per_radius) ** 2 * 20 * 4
    return 2000 + 2 * structures * images // 10**6


def channels_mem_mb(wildcards):
    """Return the memory of a job that holds structures and channels: their size twice, and a base."""
    structures = getattr(STRESS.structures, wildcards.family)
    channels = 81 * (8 * STRESS.pixels_per_radius) ** 2 * 55 * 4
    images = (50 * STRESS.pixels_per_radius) ** 2 * 20 * 4
    return 2000 + 2 * structures * (channels + images) // 10**6
