/* Which registers the system keeps for a program: bits 1 and 2 stand for those of AVX, 5 to 7 for
   those of AVX-512. Nothing may be used that the system does not keep. */
static uint32_t kept_registers(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1))
        return 0;
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Whether all bits of a mask are set. */
static int has_all(uint32_t bits, uint32_t mask)
{
    return (bits & mask) == mask;
}

/* The highest of the levels 2, 3 and 4 of x86-64 that this processor and this system offer. The
   compiler's own __builtin_cpu_supports() answers 0 to everything in some of its builds. */
static int processor_level(void)
{
    unsigned a, b, c, d, b7 = 0, c81 = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d))
        return 2;
    const unsigned c1 = c;
    if (__get_cpuid_count(7, 0, &a, &b, &c, &d))
        b7 = b;
    if (__get_cpuid(0x80000001, &a, &b, &c, &d))
        c81 = c;
    const uint32_t kept = kept_registers();
    /* fma, movbe, avx, f16c; bmi1, avx2, bmi2; lzcnt */
    if (!has_all(kept, 0x06) || !has_all(c1, 0x30401000) || !has_all(b7, 0x128) ||
        !has_all(c81, 0x20))
        return 2;
    /* avx512f, dq, cd, bw, vl */
    return has_all(kept, 0xe6) && has_all(b7, 0xd0030000) ? 4 : 3;
}
