/* ProcessPrng of bcryptprimitives.dll, which Wine 8 lacks and programs in Rust import. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG size); /* RtlGenRandom */

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T size)
{
    const ULONG most = 256 * 1024 * 1024;
    while (size > 0) {
        ULONG part = size < most ? (ULONG)size : most;
        if (!SystemFunction036(buffer, part))
            return FALSE;
        buffer += part;
        size -= part;
    }
    return TRUE;
}
