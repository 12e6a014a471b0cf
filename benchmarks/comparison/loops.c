/* Per-sample gradient descent on a network of sigmoids with half the summed squared error.
 *
 * Compiled with -DREAL=double or -DREAL=float. A layer's weights are stored along its longer side:
 * (n_out, n_in) where n_in >= n_out, else (n_in, n_out). `params` holds W, then b, layer by layer;
 * `units` holds the inputs of one sample and the activations of each layer, `deltas` is alike.
 */
#include <string.h>
#include <tgmath.h>

typedef struct {
    long n_in, n_out;
    REAL *W, *b;
    REAL *x, *a;              /* inputs and activations */
    REAL *delta_in, *delta;   /* dLoss/dz of the layer below and of this one */
} Layer;

static void forward(const Layer *layer, const REAL *restrict x)
{
    const long n_in = layer->n_in, n_out = layer->n_out;
    const REAL *restrict W = layer->W, *restrict b = layer->b;
    REAL *restrict a = layer->a;
    if (n_in >= n_out) {
        for (long j = 0; j < n_out; j++) {
            REAL z = b[j];
            for (long i = 0; i < n_in; i++) z += W[j * n_in + i] * x[i];
            a[j] = z;
        }
    } else {
        for (long j = 0; j < n_out; j++) a[j] = b[j];
        for (long i = 0; i < n_in; i++)
            for (long j = 0; j < n_out; j++) a[j] += x[i] * W[i * n_out + j];
    }
}

static void activate(const Layer *layer)
{
    REAL *restrict a = layer->a;
    for (long j = 0; j < layer->n_out; j++) a[j] = 1 / (1 + exp(-a[j]));
}

static void error_delta(const Layer *layer, const REAL *restrict y)
{
    const REAL *restrict a = layer->a;
    REAL *restrict delta = layer->delta;
    for (long j = 0; j < layer->n_out; j++) delta[j] = (a[j] - y[j]) * a[j] * (1 - a[j]);
}

static void backward(const Layer *layer)
{
    const long n_in = layer->n_in, n_out = layer->n_out;
    const REAL *restrict W = layer->W, *restrict delta = layer->delta, *restrict x = layer->x;
    REAL *restrict delta_in = layer->delta_in;
    if (n_in >= n_out) {
        for (long i = 0; i < n_in; i++) delta_in[i] = 0;
        for (long j = 0; j < n_out; j++)
            for (long i = 0; i < n_in; i++) delta_in[i] += delta[j] * W[j * n_in + i];
    } else {
        for (long i = 0; i < n_in; i++) {
            REAL sum = 0;
            for (long j = 0; j < n_out; j++) sum += delta[j] * W[i * n_out + j];
            delta_in[i] = sum;
        }
    }
    for (long i = 0; i < n_in; i++) delta_in[i] *= x[i] * (1 - x[i]);
}

static void update_weights(const Layer *layer, const REAL *restrict x, REAL rate)
{
    const long n_in = layer->n_in, n_out = layer->n_out;
    const REAL *restrict delta = layer->delta;
    REAL *restrict W = layer->W;
    if (n_in >= n_out) {
        for (long j = 0; j < n_out; j++) {
            const REAL step = rate * delta[j];
            for (long i = 0; i < n_in; i++) W[j * n_in + i] -= step * x[i];
        }
    } else {
        for (long i = 0; i < n_in; i++) {
            const REAL step = rate * x[i];
            for (long j = 0; j < n_out; j++) W[i * n_out + j] -= step * delta[j];
        }
    }
}

static void update_biases(const Layer *layer, REAL rate)
{
    const REAL *restrict delta = layer->delta;
    REAL *restrict b = layer->b;
    for (long j = 0; j < layer->n_out; j++) b[j] -= rate * delta[j];
}

static void connect(Layer *layers, long n_layers, const long *widths, REAL *params, REAL *units,
                    REAL *deltas)
{
    for (long k = 0; k < n_layers; k++) {
        const long n_in = widths[k], n_out = widths[k + 1];
        layers[k] = (Layer){n_in, n_out, params, params + n_in * n_out,
                            units, units + n_in, deltas, deltas + n_in};
        params += (n_in + 1) * n_out;
        units += n_in;
        deltas += n_in;
    }
}

/* Everything above layer 1, whose activations are there: forward, backward, and its delta. */
static void upper_layers(const Layer *layers, long n_layers, const REAL *y, REAL rate)
{
    for (long k = 1; k < n_layers; k++) {
        forward(&layers[k], layers[k].x);
        activate(&layers[k]);
    }
    error_delta(&layers[n_layers - 1], y);
    for (long k = n_layers - 1; k > 0; k--) {
        backward(&layers[k]);
        update_weights(&layers[k], layers[k].x, rate);
        update_biases(&layers[k], rate);
    }
}

void epoch_plain(long n_layers, const long *widths, REAL *params, REAL *units, REAL *deltas,
                 const REAL *X, const REAL *Y, long n_samples, REAL rate)
{
    Layer layers[n_layers];
    connect(layers, n_layers, widths, params, units, deltas);
    for (long s = 0; s < n_samples; s++) {
        const REAL *x = X + s * widths[0];
        forward(&layers[0], x);
        activate(&layers[0]);
        upper_layers(layers, n_layers, Y + s * widths[n_layers], rate);
        update_weights(&layers[0], x, rate);
        update_biases(&layers[0], rate);
    }
}

/* W -= rate delta x_last^T, then a = b + W x, in one pass over W of shape (n_out, n_in). */
static void update_and_forward(const Layer *layer, const REAL *restrict x_last,
                               const REAL *restrict x, REAL rate)
{
    const long n_in = layer->n_in, n_out = layer->n_out;
    const REAL *delta = layer->delta, *b = layer->b;
    REAL *a = layer->a;
    long j = 0;
    for (; j + 4 <= n_out; j += 4) {
        REAL *restrict w0 = layer->W + j * n_in, *restrict w1 = w0 + n_in;
        REAL *restrict w2 = w1 + n_in, *restrict w3 = w2 + n_in;
        const REAL step0 = rate * delta[j], step1 = rate * delta[j + 1];
        const REAL step2 = rate * delta[j + 2], step3 = rate * delta[j + 3];
        REAL z0 = b[j], z1 = b[j + 1], z2 = b[j + 2], z3 = b[j + 3];
        for (long i = 0; i < n_in; i++) {
            w0[i] -= step0 * x_last[i];
            w1[i] -= step1 * x_last[i];
            w2[i] -= step2 * x_last[i];
            w3[i] -= step3 * x_last[i];
            z0 += w0[i] * x[i];
            z1 += w1[i] * x[i];
            z2 += w2[i] * x[i];
            z3 += w3[i] * x[i];
        }
        a[j] = z0, a[j + 1] = z1, a[j + 2] = z2, a[j + 3] = z3;
    }
    for (; j < n_out; j++) {
        REAL *restrict w = layer->W + j * n_in;
        const REAL step = rate * delta[j];
        REAL z = b[j];
        for (long i = 0; i < n_in; i++) {
            w[i] -= step * x_last[i];
            z += w[i] * x[i];
        }
        a[j] = z;
    }
}

/* Needs widths[0] >= widths[1]. The update of layer 1 waits for the next sample's forward pass. */
void epoch_fused(long n_layers, const long *widths, REAL *params, REAL *units, REAL *deltas,
                 const REAL *X, const REAL *Y, long n_samples, REAL rate)
{
    Layer layers[n_layers];
    connect(layers, n_layers, widths, params, units, deltas);
    const REAL *x_last = X;
    memset(layers[0].delta, 0, widths[1] * sizeof(REAL));
    for (long s = 0; s < n_samples; s++) {
        const REAL *x = X + s * widths[0];
        update_and_forward(&layers[0], x_last, x, rate);
        activate(&layers[0]);
        upper_layers(layers, n_layers, Y + s * widths[n_layers], rate);
        update_biases(&layers[0], rate);
        x_last = x;
    }
    update_weights(&layers[0], x_last, rate);
}
