/* SPDX-License-Identifier: MIT
 *
 * seen.c - each access to memory of what is compiled with -fsanitize=thread: the
 * run-time library that the compiler expects.  See machine.h.
 */
#include "machine.h"
#include "sites.h"
#include "steps.h"

#include <string.h>

/* From a function that the compiler calls. */
#define SEE(at, size, access)                            \
	do {                                             \
		site_is(__builtin_return_address(0));    \
		touch((const void *)(at), size, access); \
	} while (0)

#define REPORT(size)                                 \
	void __tsan_read##size(void *at);            \
	void __tsan_write##size(void *at);           \
	void __tsan_unaligned_read##size(void *at);  \
	void __tsan_unaligned_write##size(void *at); \
	void __tsan_read##size(void *at)             \
	{                                            \
		SEE(at, size, LOAD);                 \
	}                                            \
	void __tsan_write##size(void *at)            \
	{                                            \
		SEE(at, size, STORE);                \
	}                                            \
	void __tsan_unaligned_read##size(void *at)   \
	{                                            \
		SEE(at, size, LOAD);                 \
	}                                            \
	void __tsan_unaligned_write##size(void *at)  \
	{                                            \
		SEE(at, size, STORE);                \
	}

REPORT(1)
REPORT(2)
REPORT(4)
REPORT(8)
REPORT(16)

/* ---- atomics: one operation each ---- */

#define FETCH(bits, name)                                                          \
	uint##bits##_t __tsan_atomic##bits##_fetch_##name(                         \
		volatile void *at, uint##bits##_t value, int order);               \
	uint##bits##_t __tsan_atomic##bits##_fetch_##name(                         \
		volatile void *at, uint##bits##_t value, int order)                \
	{                                                                          \
		(void)order;                                                       \
		SEE(at, bits / 8, CHANGE);                                         \
		return __atomic_fetch_##name((volatile uint##bits##_t *)at, value, \
					     __ATOMIC_SEQ_CST);                    \
	}

#define CAS(bits, name)                                                             \
	bool __tsan_atomic##bits##_compare_exchange_##name(                         \
		volatile void *at, void *expected, uint##bits##_t value, int order, \
		int failed);                                                        \
	bool __tsan_atomic##bits##_compare_exchange_##name(                         \
		volatile void *at, void *expected, uint##bits##_t value, int order, \
		int failed)                                                         \
	{                                                                           \
		(void)order;                                                        \
		(void)failed;                                                       \
		SEE(at, bits / 8, CHANGE);                                          \
		return __atomic_compare_exchange_n(                                 \
			(volatile uint##bits##_t *)at, (uint##bits##_t *)expected,  \
			value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);          \
	}

#define ATOMIC(bits)                                                                    \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *at, int order);  \
	void __tsan_atomic##bits##_store(volatile void *at, uint##bits##_t value,       \
					 int order);                                    \
	uint##bits##_t __tsan_atomic##bits##_exchange(volatile void *at,                \
						      uint##bits##_t value, int order); \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                      \
		volatile void *at, uint##bits##_t expected, uint##bits##_t value,       \
		int order, int failed);                                                 \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile void *at, int order)   \
	{                                                                               \
		(void)order;                                                            \
		SEE(at, bits / 8, LOAD);                                                \
		return *(const volatile uint##bits##_t *)at;                            \
	}                                                                               \
	void __tsan_atomic##bits##_store(volatile void *at, uint##bits##_t value,       \
					 int order)                                     \
	{                                                                               \
		bool fences = order == __ATOMIC_SEQ_CST;                                \
                                                                                        \
		SEE(at, bits / 8, fences ? CHANGE : STORE);                             \
		*(volatile uint##bits##_t *)at = value;                                 \
	}                                                                               \
	uint##bits##_t __tsan_atomic##bits##_exchange(volatile void *at,                \
						      uint##bits##_t value, int order)  \
	{                                                                               \
		(void)order;                                                            \
		SEE(at, bits / 8, CHANGE);                                              \
		return __atomic_exchange_n((volatile uint##bits##_t *)at, value,        \
					   __ATOMIC_SEQ_CST);                           \
	}                                                                               \
	CAS(bits, strong)                                                               \
	CAS(bits, weak)                                                                 \
	uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                      \
		volatile void *at, uint##bits##_t expected, uint##bits##_t value,       \
		int order, int failed)                                                  \
	{                                                                               \
		__tsan_atomic##bits##_compare_exchange_strong(at, &expected, value,     \
							      order, failed);           \
		return expected;                                                        \
	}                                                                               \
	FETCH(bits, add)                                                                \
	FETCH(bits, sub)                                                                \
	FETCH(bits, and)                                                                \
	FETCH(bits, or)                                                                 \
	FETCH(bits, xor)

ATOMIC(8)
ATOMIC(16)
ATOMIC(32)
ATOMIC(64)

void __tsan_init(void);
void __tsan_func_entry(void *caller);
void __tsan_func_exit(void);
void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_signal_fence(int order);
void __tsan_read_range(void *at, size_t size);
void __tsan_write_range(void *at, size_t size);
void *__tsan_memset(void *at, int byte, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size);

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
	if (!running())
		return;
	steps_call(__builtin_return_address(0));
	spend(prices.call);
}

void __tsan_func_exit(void)
{
}

/* A full one waits for what has been stored. */
void __tsan_atomic_thread_fence(int order)
{
	if (running() && order == __ATOMIC_SEQ_CST)
		spend_until(*stores_done());
}

void __tsan_atomic_signal_fence(int order)
{
	(void)order;
}

void __tsan_read_range(void *at, size_t size)
{
	SEE(at, size, LOAD);
}

void __tsan_write_range(void *at, size_t size)
{
	SEE(at, size, STORE);
}

void *__tsan_memset(void *at, int byte, size_t size)
{
	SEE(at, size, STORE);
	return memset(at, byte, size);
}

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
	SEE(from, size, LOAD);
	SEE(to, size, STORE);
	return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size)
{
	SEE(from, size, LOAD);
	SEE(to, size, STORE);
	return memmove(to, from, size);
}
