"""Slips that change nothing, and why: the register of test_mutants.py and of `workbook mutants`. Nothing is imported here."""

NET_VALUE = ("return 1 / (1 + np.exp(-z)) if kind == 'sigmoid' else np.tanh(z) if kind == 'tanh' "
             "else np.where(z > 0, z, 0.1 * z)")
FAR_END = "padded = np.pad(stuffed, ((FH - 1, FH - 1), (FW - 1, FW - 1)))"

# (exercise, right line, slipped line): why no input tells them apart
EQUIVALENT = {
    **{(id, "s2 = s0 + s1; s3 = s2 + w2", after): "three numbers are added, in another order"
       for id in ("01.circuit_forward", "01.circuit_backward")
       for after in ("s2 = w2 + s1; s3 = s2 + s0", "s2 = s0 + w2; s3 = s2 + s1")},
    ("01.circuit_backward", "s0 = w0 * x0; cache = (w0, x0, w1, x1, L); dx0 = ds0 * w0; dw0 = ds0 * x0",
     "s0 = x0 * w0; cache = (x0, w0, w1, x1, L); dx0 = ds0 * x0; dw0 = ds0 * w0"): "both sides of the cache agree on the new order",
    ("01.circuit_backward", "s1 = w1 * x1; cache = (w0, x0, w1, x1, L); dx1 = ds1 * w1; dw1 = ds1 * x1",
     "s1 = x1 * w1; cache = (w0, x0, x1, w1, L); dx1 = ds1 * x1; dw1 = ds1 * w1"): "both sides of the cache agree on the new order",
    ("01.gates_backward", "y_wins = y > z", "y_wins = y >= z"): "the exercise never asks about y = z",
    ("01.gates_backward", "y_wins = y > z", "y_wins = largest > z"): "the larger one exceeds z just where y does",
    ("01.svm_loss", "dmargins = np.where(margins > 0, 1.0, 0.0)", "dmargins = margins > 0"): "True / N is 1 / N",
    ("01.two_layer_loss", "dz1 = np.where(z1 > 0, dh1, 0)", "dz1 = np.where(h1 > 0, dh1, 0)"): "max(0, z) is positive just where z is",
    ("03.numerical_jacobian", "plus, minus = (x.copy(), x.copy())", "minus, plus = (x.copy(), x.copy())"): "two equal copies",
    ("03.numerical_jacobian", "plus[n] += h; minus[n] -= h; change = f(plus) - f(minus)",
     "minus[n] += h; plus[n] -= h; change = f(minus) - f(plus)"): "the two names have changed places throughout",
    ("03.numerical_jacobian", "return np.array(rows)", "return rows"): "a list of rows is taken for the array of them",
    ("03.relu_both_ways", "N = x.size", "N = dout.size"): "dout has the shape of x",
    ("03.matmul_backward", "M = w.shape[1]", "M = dout.shape[1]"): "dout has a column for each of w's",
    ("03.jacobian_bytes", "bytes_x = entries_x * entries_y * itemsize; bytes_w = entries_w * entries_y * itemsize",
     "bytes_x = entries_x * itemsize * entries_y; bytes_w = entries_w * itemsize * entries_y"): "factors in another order",
    ("03.jacobian_bytes", "entries_x = N * D; entries_w = D * M; bytes_x = entries_x * entries_y * itemsize; bytes_w = entries_w * entries_y * itemsize",
     "entries_x = N * itemsize; entries_w = itemsize * M; bytes_x = entries_x * entries_y * D; bytes_w = entries_w * entries_y * D"):
        "factors in another order",
    **{("03.softmax_jacobian", "same = np.eye(len(p))", f"same = np.eye(len({other}))"): "all three have K entries" for other in "ez"},
    ("05.activation_backward", "s = 1 / (1 + np.exp(-x))", "s = 1 / (1 + np.exp(x))"): "1 - s in place of s: s(1 - s) is the same",
    ("05.activation_backward", "slope = 1.0 * (x > 0)", "slope = x > 0"): "dout times True is dout",
    ("05.output_loss", "N = len(z)", "N = len(y)"): "a target for each score",
    ("05.net_gradients", "N, L = (len(X), len(W))", "N, L = (len(Y), len(W))"): "a row of targets for each item",
    ("05.net_gradients", NET_VALUE, NET_VALUE.replace("z > 0", "z >= 0")): "0 and 0.1 times 0 are the same",
    ("05.net_gradients", "scores = z[L + 1]", "scores = z[l + 1]"): "after the loop l is L",
    ("05.net_gradients", "for l in range(L, 0, -1):", "for l in range(l, 0, -1):"): "after the first loop l is L",
    **{("05.batchnorm_forward", "new_mean, new_var = (mean, var)", f"new_mean, new_var = {pair}"): "in use mean and var are the running ones"
       for pair in ("(running_mean, var)", "(mean, running_var)")},
    ("05.batchnorm_backward", "N = x.shape[0]", "N = dout.shape[0]"): "dout has the shape of x",
    **{("07.input_gradient", FAR_END, FAR_END.replace(*slip)): "zeros behind the last window that is looked at"
       for slip in [("FH - 1)", "FH + 1)"), ("FH - 1)", "FH * 1)"), ("FH - 1)", "FH)"), ("FH - 1)", "FH - 0)"),
                    ("FW - 1)", "FW + 1)"), ("FW - 1)", "FW * 1)"), ("FW - 1)", "FW)"), ("FW - 1)", "FW - 0)")]},
    ("07.conv_sigmoid_backward", "dg = np.zeros((M, N))", "dg = np.ones((M, N))"): "every entry is written afterwards",
    ("07.conv2d_backward", "N, C, H, W = x.shape", "C, N, H, W = x.shape"): "N is not used, and C is read again from w",
    ("07.conv2d_backward", "K, C, FH, FW = w.shape", "C, K, FH, FW = w.shape"): "K and C are not used",
    ("07.conv2d_backward", "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(2, 0, 3))"): "axes may be named in any order",
    ("07.conv2d_backward", "db = dout.sum(axis=(0, 2, 3))", "db = dout.sum(axis=(0, 3, 2))"): "axes may be named in any order",
    ("08.max_pool_forward", "out[:, :, i, j] = window.max(axis=(2, 3))", "out[:, :, i, j] = window.max(axis=(3, 2))"): "axes may be named in any order",
    ("09.forward", "z = np.array([np.dot(x[i:i + F], f) for i in range(len(x) - F + 1)])", "z = [np.dot(x[i:i + F], f) for i in range(len(x) - F + 1)]"):
        "a list of numbers is taken for the array of them",
    **{(id, "a = np.maximum(r[:-1], r[1:])", f"a = np.maximum({pair})"): "the other number of the window is not below 0"
       for id in ("09.forward", "09.gradients") for pair in ("z[:-1], r[1:]", "r[:-1], z[1:]")},
    **{("09.pool_relu_backward", "seen = np.maximum(z[i:i + 2], 0)", after): "another winner only among negative numbers, where the gate is shut"
       for after in ("seen = z[i:i + 2]", "seen = np.maximum(z[i:i + 2], -1)")},
    ("09.compare_starts", "share = np.mean(a[:, None] < b)", "share = np.mean(a[::-1, None] < b)"): "the same pairs in another order",
    ("09.gradients", "winners = r[i:i + 2] == a[i]", "winners = z[i:i + 2] == a[i]"): "another winner only among negative numbers, where the gate is shut",
    ("10.conv_by_columns", "padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))", "padded = np.pad(x, ((0, 1), (0, 0), (pad, pad), (pad, pad)))"):
        "an image of zeros that is not looked at",
    **{(id, "flat = np.array([maps.ravel() for maps in a2])", "flat = [maps.ravel() for maps in a2]"): "a list of rows is taken for the array of them"
       for id in ("10.net_forward", "10.transfer")},
    **{("10.net_gradients", before, before.replace("len(X)", f"len({other})")): "maps for each image"
       for before in ("loss = -np.sum(target * np.log(p)) / len(X)", "ds = (p - target) / len(X)") for other in ("a1", "a2", "b1", "b2")},
    ("10.net_gradients", "target = np.eye(p.shape[1])[y]", "target = np.eye(e.shape[1])[y]"): "p has the shape of e",
    ("10.train_epoch", "return np.array(losses)", "return losses"): "a list of numbers is taken for the array of them",
    **{("10.transfer", before, before.replace("len(X)", "len(a2)")): "maps for each image"
       for before in ("value = -np.sum(target * np.log(p)) / len(X)", "ds = (p - target) / len(X)")},
    ("10.transfer", "return (W2, np.array(losses))", "return (W2, losses)"): "a list of numbers is taken for the array of them",
    ("12.pca", "U, S, Vt = np.linalg.svd(centred, full_matrices=False)", "S, U, Vt = np.linalg.svd(centred, full_matrices=False)"): "U and S are not used",
    **{("12.pca", "U, S, Vt = np.linalg.svd(centred, full_matrices=False)", f"U, S, Vt = np.linalg.svd(centred{full})"): "only U has more columns then, and the exercise has N > D"
       for full in ("", ", full_matrices=True")},
    **{("12.autoencoder_gradients", "N, D = X.shape", after): "only the product of both is used, and X_hat has the shape of X"
       for after in ("D, N = X.shape", "N, D = X_hat.shape")},
    ("12.upsample_backward", "dx = np.zeros((N, C, H, W))", "dx = np.ones((N, C, H, W))"): "every entry is written afterwards",
    ("12.upsample_backward", "dx[:, :, i, j] = block.sum(axis=(2, 3))", "dx[:, :, i, j] = block.sum(axis=(3, 2))"): "axes may be named in any order",
    ("12.precision_at_k", "shares = np.zeros(len(codes))", "shares = np.ones(len(codes))"): "every entry is written afterwards",
    **{("12.precision_at_k", "distance = ((codes - codes[n]) ** 2).sum(axis=1)", f"distance = {after}"): "the same order of distances"
       for after in ("((codes - codes[n]) ** 2).mean(axis=1)", "((codes[n] - codes) ** 2).sum(axis=1)")},
    ("13.spectrogram", "hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / window)", "hann = 0.5 * np.cos(2 * np.pi * n / window) - 0.5"):
        "the window with its sign turned round: magnitudes are the same",
}

# A line that another exercise judges: what is in the cache shows in the backward pass only.
ELSEWHERE = {"01.circuit_forward": "cache = "}
