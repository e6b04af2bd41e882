// From text to typed columns, strictly: what these kernels take is right, and whatever
// they are not sure of they flag, and the CPU engine decides.
//
// Each kernel is a loop over elements that need nothing of each other, so the same file
// compiles as plain C++, and every rule in it is tested where there is no GPU.

typedef unsigned char u8;
typedef signed char i8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#ifdef __CUDACC__
#define FN __device__ static inline
#define KERNEL(name, parameters, arguments)                                            \
    extern "C" __global__ void name parameters {                                       \
        i64 step = (i64)gridDim.x * blockDim.x;                                        \
        for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step)     \
            name##_at arguments;                                                       \
    }
FN u64 high_product(u64 a, u64 b) { return __umul64hi(a, b); }
FN int leading_zeros(u64 a) { return __clzll((i64)a); }
FN double as_double(u64 bits) { return __longlong_as_double((i64)bits); }
FN u64 bits_of(double value) { return (u64)__double_as_longlong(value); }
FN int ones_of(u32 word) { return __popc(word); }
#else
#define FN static inline
#define KERNEL(name, parameters, arguments)                                            \
    extern "C" void name parameters {                                                  \
        for (i64 i = 0; i < n; i++) name##_at arguments;                               \
    }
FN u64 high_product(u64 a, u64 b) { return (u64)(((unsigned __int128)a * b) >> 64); }
FN int leading_zeros(u64 a) { return __builtin_clzll(a); }
FN double as_double(u64 bits) { double d; __builtin_memcpy(&d, &bits, 8); return d; }
FN u64 bits_of(double value) { u64 b; __builtin_memcpy(&b, &value, 8); return b; }
FN int ones_of(u32 word) { return __builtin_popcount(word); }
#endif

// What a flag says. The order is that of `device.Flag`.
enum { NUL, RETURN, UTF8, RAGGED, BLANK, LONG, QUOTE, BORDER, MISFIT, NULLS, NAN_, WIDE };

// The element types, in the order of `device.CODES`.
enum { I8, I16, I32, I64, U8, U16, U32, U64, F32, F64 };

#define SEGMENT 64
#define NOTHING (-1)
