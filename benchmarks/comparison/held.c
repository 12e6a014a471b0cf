/* Holds a process, and all that it starts, to AVX2 where the processor has AVX-512: for LD_PRELOAD.

   Programs ask the processor what it has by the instruction CPUID, and not all let a user answer in
   its place. Linux can make CPUID fault (arch_prctl, where /proc/cpuinfo has the flag cpuid_fault);
   the handler of that fault answers without AVX-512 and AMX. Threads and forks inherit the setting,
   exec clears it, and the constructor here sets it again. What the dynamic loader asks comes before
   (`hold.py` tells it), and a thread that blocks SIGSEGV while it asks ends its process. */

#define _GNU_SOURCE
#include <cpuid.h>
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define ARCH_SET_CPUID 0x1012
#define GENERAL_PROTECTION 13    /* what CPUID raises; a bad address is 14 */
#define SKYLAKE_CLIENT 0x506e3   /* signature of the last kind of Intel's with AVX2 and no more */
#define BIT(n) (1u << (n))

const char held_to[] = "AVX2";   /* by which a process finds out that it is held */

static struct sigaction theirs;  /* what the program wants done at SIGSEGV; SIG_DFL at first */
static int is_intel;

static long let_cpuid_run(int runs)
{
    return syscall(SYS_arch_prctl, ARCH_SET_CPUID, runs);
}

/* Overwrite the answer of the processor by that of one with AVX2.

   Leaf 13, the state to be saved, stays: it must agree with XGETBV, which does not fault. */
static void mask(uint32_t leaf, uint32_t subleaf, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    if (leaf == 1 && is_intel) {
        *a = SKYLAKE_CLIENT;
    } else if (leaf == 7 && subleaf == 0) {
        *a = 0;                                         /* no subleaf follows */
        *b &= ~(BIT(16) | BIT(17) | BIT(21) | BIT(26)   /* AVX-512 F, DQ, IFMA, PF */
                | BIT(27) | BIT(28) | BIT(30) | BIT(31));   /* ER, CD, BW, VL */
        *c &= ~(BIT(1) | BIT(6) | BIT(11) | BIT(12)     /* VBMI, VBMI2, VNNI, BITALG */
                | BIT(14));                             /* VPOPCNTDQ */
        *d &= ~(BIT(2) | BIT(3) | BIT(8) | BIT(23)      /* 4VNNIW, 4FMAPS, VP2INTERSECT, FP16 */
                | BIT(22) | BIT(24) | BIT(25));         /* AMX */
    } else if (leaf == 7) {
        *a = *b = *c = *d = 0;                          /* AVX-VNNI, BF16, AVX10 and others */
    }
}

typedef int Sigaction(int, const struct sigaction *, struct sigaction *);

/* Not `sigaction`, which is ours. */
static Sigaction *real_sigaction(void)
{
    static Sigaction *real;
    if (!real) real = (Sigaction *)dlsym(RTLD_NEXT, "sigaction");
    return real;
}

/* Do as without us: call the program's handler with the signals blocked that it asked for, or die. */
static void pass_on(int number, siginfo_t *info, ucontext_t *context)
{
    struct sigaction wanted = theirs;
    int was_sent = info->si_code <= 0;   /* by kill, raise or the like */
    if (wanted.sa_handler == SIG_IGN && was_sent) return;
    if (wanted.sa_handler == SIG_DFL || wanted.sa_handler == SIG_IGN) {
        wanted.sa_handler = SIG_DFL;
        wanted.sa_flags = 0;
        real_sigaction()(number, &wanted, NULL);
        if (was_sent) raise(number);     /* at our return; any other fault comes again by itself */
        return;
    }
    sigset_t blocked;
    sigorset(&blocked, &context->uc_sigmask, &wanted.sa_mask);
    if (!(wanted.sa_flags & SA_NODEFER)) sigaddset(&blocked, number);
    if (wanted.sa_flags & SA_RESETHAND) theirs.sa_handler = SIG_DFL;
    pthread_sigmask(SIG_SETMASK, &blocked, NULL);
    if (wanted.sa_flags & SA_SIGINFO) wanted.sa_sigaction(number, info, context);
    else wanted.sa_handler(number);
}

static void answer(int number, siginfo_t *info, void *context)
{
    greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
    const unsigned char *instruction = (const unsigned char *)registers[REG_RIP];
    /* Its first byte was fetched, and can be read; 0F has a second one. */
    int is_cpuid = info->si_code == SI_KERNEL && registers[REG_TRAPNO] == GENERAL_PROTECTION
                   && instruction[0] == 0x0f && instruction[1] == 0xa2;
    if (!is_cpuid) {
        pass_on(number, info, context);
        return;
    }
    uint32_t leaf = registers[REG_RAX], subleaf = registers[REG_RCX], a, b, c, d;
    let_cpuid_run(1);
    __cpuid_count(leaf, subleaf, a, b, c, d);
    let_cpuid_run(0);
    mask(leaf, subleaf, &a, &b, &c, &d);
    registers[REG_RAX] = a;
    registers[REG_RBX] = b;
    registers[REG_RCX] = c;
    registers[REG_RDX] = d;
    registers[REG_RIP] += 2;
}

/* A handler of SIGSEGV that the program installs is kept for other faults: ours stays. */
int sigaction(int number, const struct sigaction *wanted, struct sigaction *before)
{
    if (number != SIGSEGV) return real_sigaction()(number, wanted, before);
    struct sigaction kept = theirs;
    if (wanted) theirs = *wanted;
    if (before) *before = kept;
    return 0;
}

sighandler_t signal(int number, sighandler_t handler)
{
    static sighandler_t (*real)(int, sighandler_t);
    if (number != SIGSEGV) {
        if (!real) real = (sighandler_t (*)(int, sighandler_t))dlsym(RTLD_NEXT, "signal");
        return real(number, handler);
    }
    struct sigaction wanted = {.sa_handler = handler, .sa_flags = SA_RESTART}, before;
    sigaction(number, &wanted, &before);
    return before.sa_handler;
}

__attribute__((constructor)) static void hold(void)
{
    uint32_t a, b, c, d;
    __cpuid(0, a, b, c, d);
    is_intel = b == signature_INTEL_ebx;
    struct sigaction ours = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&ours.sa_mask);           /* no other handler may run while CPUID does not fault */
    real_sigaction()(SIGSEGV, &ours, NULL);
    if (let_cpuid_run(0) != 0) {         /* not to be measured as if it were held */
        dprintf(STDERR_FILENO, "held.c: CPUID cannot be made to fault: %s\n", strerror(errno));
        _exit(1);
    }
}
