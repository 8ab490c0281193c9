/* SPDX-License-Identifier: MIT
 *
 * callbacks_inside.c - src/core/callbacks.c for threads that are coroutines. What it keeps is one
 * thread's and its handler's, which come between two steps only: so none of it is a
 * step.
 */
#include "pool_inside.h"

#include "core/atomic.h"
#undef fl_handler_fence
#undef fl_load_relaxed
#undef fl_store_relaxed
#undef fl_cas_relaxed
/* What another thread may look at, too: not a step, but an atomic access. */
void memory_touch_atomically(uintptr_t at, size_t size, bool write);
bool ex_exploring(void);

__attribute__((no_sanitize("thread"), noinline)) static uint64_t
quiet_load(const void *at, size_t size)
{
	if (ex_exploring())
		memory_touch_atomically((uintptr_t)at, size, false);
	return size == 4   ? *(const uint32_t *)at
	       : size == 1 ? *(const uint8_t *)at
			   : *(const uint64_t *)at;
}

__attribute__((no_sanitize("thread"), noinline)) static void
quiet_store(void *at, size_t size, uint64_t value)
{
	if (ex_exploring())
		memory_touch_atomically((uintptr_t)at, size, true);
	if (size == 4)
		*(uint32_t *)at = (uint32_t)value;
	else if (size == 1)
		*(uint8_t *)at = (uint8_t)value;
	else
		*(uint64_t *)at = value;
}

#define fl_handler_fence() ((void)0)
#define fl_load_relaxed(p) ((__typeof__(*(p) + 0))quiet_load((p), sizeof(*(p))))
#define fl_store_relaxed(p, v) \
	quiet_store((p), sizeof(*(p)), (uint64_t)(__typeof__(*(p) + 0))(v))
#define fl_cas_relaxed(p, expected, v) \
	(*(p) == *(expected) ? (*(p) = (v), true) : (*(expected) = *(p), false))

void expect(struct fl_slot *slot);
void call_later(struct fl_slot *slot);

#define fl_callbacks_catch expect
#define fl_call_later	   call_later
#include "../../src/core/callbacks.c"
#undef fl_callbacks_catch
#undef fl_call_later

/* A slot says by an address which thread expects it, and here all threads have the same.  The lowest bits
 * of a note say what else it may be (slot.h). */
unsigned ex_current(void);
void fl_callbacks_catch(struct fl_slot *slot);
void fl_call_later(struct fl_slot *slot);

void fl_callbacks_catch(struct fl_slot *slot)
{
	expect(slot);
	fl_slot_set_note(slot, fl_slot_note(slot) + 8 * ex_current());
}

void fl_call_later(struct fl_slot *slot)
{
	fl_slot_set_note(slot, fl_slot_note(slot) - 8 * ex_current());
	call_later(slot);
}

void calls_keep(struct calls_thread *thread)
{
	*thread = (struct calls_thread){.inbox = inbox,
					.due = due,
					.aside = aside,
					.turn = turn,
					.held = held,
					.expects = expects,
					.expected = expected};
}

void calls_resume(const struct calls_thread *thread)
{
	inbox = thread->inbox;
	due = thread->due;
	aside = thread->aside;
	turn = thread->turn;
	held = thread->held;
	expects = thread->expects;
	expected = thread->expected;
}
