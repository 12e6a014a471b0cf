/* What one core can do: multiply-adds, and passes over memory that change it. */

#ifdef __AVX512F__
#define VECTOR_BYTES 64
#else
#define VECTOR_BYTES 32
#endif
#define N_CHAINS 12   /* independent, to hide the latency; with two constants they fit 16 registers */

typedef REAL Vector __attribute__((vector_size(VECTOR_BYTES)));

/* Returns how many multiply-adds were made; `out` has VECTOR_BYTES, 64 at most. */
long multiply_adds(long n, REAL factor, REAL term, REAL *out)
{
    Vector sums[N_CHAINS], factors = {0}, terms = {0}, total = {0};
    factors += factor;
    terms += term;
    for (int k = 0; k < N_CHAINS; k++) sums[k] = terms * (REAL)k;
    for (long s = 0; s < n; s++) {
#pragma GCC unroll 12
        for (int k = 0; k < N_CHAINS; k++) sums[k] = sums[k] * factors + terms;
    }
    for (int k = 0; k < N_CHAINS; k++) total += sums[k];
    for (unsigned long i = 0; i < VECTOR_BYTES / sizeof(REAL); i++) out[i] = total[i];
    return n * N_CHAINS * (long)(VECTOR_BYTES / sizeof(REAL));
}

/* Returns how many bytes were changed; `w` is aligned to VECTOR_BYTES; what does not fill one is left. */
long read_modify_write(long n_passes, Vector *w, long n_bytes, REAL term)
{
    const long n = n_bytes / VECTOR_BYTES;
    Vector terms = {0};
    terms += term;
    for (long s = 0; s < n_passes; s++) {
#pragma GCC unroll 4
        for (long i = 0; i < n; i++) w[i] += terms;
        __asm__ volatile("" : : "r"(w) : "memory");   /* each pass for itself */
    }
    return n_passes * n * VECTOR_BYTES;
}
