"""The bound of a VAE: against sums written out, known divergences, and gradients."""

import math

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from graftgan.losses.elbo import (
    drawn_latents,
    information,
    optimal_variance,
    reconstruction_nats,
    squared_errors,
)


def drawn(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_the_bound_is_the_log_density_under_the_best_of_all_variances():
    pictures, made = drawn(3, 2, 4, 4), drawn(3, 2, 4, 4, seed=1)
    errors = squared_errors(pictures, made)
    found = reconstruction_nats(errors, optimal_variance(errors)).mean().item()
    x, m = pictures.numpy(), made.numpy()

    def nats(variance):
        return np.mean(0.5 * np.log(2 * np.pi * variance) + (x - m) ** 2 / (2 * variance))

    assert found == pytest.approx(nats(np.mean((x - m) ** 2)))
    assert all(found <= nats(variance) for variance in np.linspace(0.5, 8.0, 400))


def test_each_picture_has_its_own_error():
    pictures = torch.zeros(2, 1, 2, 2)
    made = torch.tensor([[[[1.0, 0.0], [0.0, 0.0]]], [[[2.0, 2.0], [2.0, 2.0]]]])
    assert squared_errors(pictures, made).tolist() == [0.25, 4.0]


def test_what_was_learnt_by_heart_is_as_sure_as_eight_bits_and_still_pulled_at():
    error = torch.tensor([1e-9], dtype=torch.float64, requires_grad=True)
    variance = optimal_variance(error)
    assert variance.item() == pytest.approx(4 / (12 * 255**2))
    reconstruction_nats(error, variance).sum().backward()
    assert error.grad is not None and error.grad.item() == pytest.approx(0.5 / variance.item())


def test_the_gradient_is_that_of_half_the_logarithm_whether_or_not_the_variance_is_differentiated():
    expected, found, held = (drawn(5).square().requires_grad_() for _ in range(3))
    (expected.mean().log() / 2).backward()
    reconstruction_nats(found, optimal_variance(found)).mean().backward()
    reconstruction_nats(held, optimal_variance(held.detach())).mean().backward()
    torch.testing.assert_close(found.grad, expected.grad)
    torch.testing.assert_close(held.grad, expected.grad)


def test_information_is_the_divergence_of_two_normal_distributions():
    mean, log_variance = drawn(4, 3), drawn(4, 3, seed=1)
    total = np.zeros(4)
    for picture in range(4):
        for mu, variance in zip(mean[picture].tolist(), log_variance[picture].exp().tolist(), strict=True):
            total[picture] += math.log(1 / math.sqrt(variance)) + (variance + mu**2) / 2 - 0.5
    np.testing.assert_allclose(information(mean, log_variance).numpy(), total)
    assert information(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_gradients():
    rows = [drawn(2, 3, seed=seed).requires_grad_() for seed in (0, 1)]
    assert gradcheck(information, rows)
    images = [drawn(2, 1, 2, 2, seed=seed).requires_grad_() for seed in (0, 1)]

    def bound(pictures, made):
        errors = squared_errors(pictures, made)
        return reconstruction_nats(errors, optimal_variance(errors))

    assert gradcheck(bound, images)
    assert gradcheck(lambda m, v: drawn_latents(m, v, torch.Generator().manual_seed(3)), rows)


def test_latents_have_the_mean_and_variance_asked_for():
    mean, log_variance = torch.full((20000, 2), 3.0), torch.tensor([0.25, 4.0]).log().expand(20000, 2)
    state = torch.get_rng_state()
    z = drawn_latents(mean, log_variance, torch.Generator().manual_seed(0))
    assert torch.equal(torch.get_rng_state(), state)
    torch.testing.assert_close(z.mean(0), torch.tensor([3.0, 3.0]), rtol=0, atol=0.05)
    torch.testing.assert_close(z.var(0), torch.tensor([0.25, 4.0]), rtol=0.05, atol=0)
