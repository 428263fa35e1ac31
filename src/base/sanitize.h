/* sanitize.h - which checkers watch this build, and what they are told of memory that is given back
 * to a pool of the library's own. */
#ifndef EDDY_BASE_SANITIZE_H
#define EDDY_BASE_SANITIZE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __has_feature
#define EDDY__HAS_FEATURE(x) __has_feature(x)
#else
#define EDDY__HAS_FEATURE(x) 0
#endif

#if defined(__SANITIZE_ADDRESS__) || EDDY__HAS_FEATURE(address_sanitizer)
#define EDDY__ASAN 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#else
#define EDDY__ASAN 0
#endif

#if defined(__SANITIZE_THREAD__) || EDDY__HAS_FEATURE(thread_sanitizer)
#define EDDY__TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#define EDDY__TSAN 0
#endif

#if __has_include(<valgrind/memcheck.h>)
#define EDDY__VALGRIND 1
#include <valgrind/valgrind.h>
#define eddy__hush_valgrind() VALGRIND_DISABLE_ERROR_REPORTING
#define eddy__unhush_valgrind() VALGRIND_ENABLE_ERROR_REPORTING
#else
#define EDDY__VALGRIND 0
#define eddy__hush_valgrind() (void)0
#define eddy__unhush_valgrind() (void)0
#endif

/* AddressSanitizer, or Valgrind, which runs the program. */
bool eddy__is_watched(void);
/* From now on whoever touches this memory is told of; or no longer. */
void eddy__forbid(void *memory, size_t size);
void eddy__allow(void *memory, size_t size);
bool eddy__is_forbidden(const void *memory);

#endif
