/* SPDX-License-Identifier: MIT
 *
 * run_async.c - sections that are run later.
 */
#include "jobs.h"

struct task {
	fifolock_section_t later; /* first */
	fifolock_t *lock;
	unsigned ran, ended;
	uint64_t place;
	int status;
	uint64_t again; /* so often it is to be run once more */
};

static uint64_t tasks_run; /* guarded */

static void runs_task(void *arg)
{
	struct task *task = arg;

	fault_if(fifolock_holds(task->lock, X) != 1);
	task->ran++;
	task->place = ++tasks_run;
}

static void task_ends(void *ctx, int status)
{
	struct task *task = ctx;

	task->status = status;
	task->ended++;
}

static int puts_off(struct task *task, fifolock_t *lock, bool tells)
{
	*task = (struct task){.lock = lock};
	return fifolock_run_async(lock, X, &task->later, runs_task, task,
				  tells ? task_ends : NULL, tells ? task : NULL);
}

Test(later, is_now_if_the_lock_is_free, .description = "G2")
{
	fifolock_t lock = {0};
	struct task task;

	errno = MARK;
	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(puts_off(&task, &lock, i), 0);
		cr_assert_eq(task.ran, 1);
		cr_assert_eq(task.ended, 0);
		cr_assert_eq(fifolock_holds(&lock, X), 0);
	}
	cr_assert_eq(errno, MARK);
	ends_well(&lock);
}

/* Given back before done is called: no thread holds the lock in the last one's. */
static void ends_free(void *ctx, int status)
{
	struct task *task = ctx;

	fault_if(fifolock_trylock(task->lock, X));
	fault_if(fifolock_unlock(task->lock, X));
	task_ends(ctx, status);
}

Test(later, is_in_turn_and_then_done_is_called, .description = "G1 G3")
{
	fifolock_t lock = {0};
	struct task task[4];

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(puts_off(&task[i], &lock, i != 1), EINPROGRESS);
	task[3] = (struct task){.lock = &lock};
	cr_assert_eq(fifolock_run_async(&lock, X, &task[3].later, runs_task, &task[3],
					ends_free, &task[3]),
		     EINPROGRESS);
	cr_assert_eq(fifolock_waiting(&lock), 4);
	cr_assert_eq(task[0].ran + task[0].ended, 0);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(task[i].ran, 1);
		cr_assert_eq(task[i].place, i + 1);
		cr_assert_eq(task[i].ended, i == 1 ? 0 : 1);
		cr_assert_eq(task[i].status, 0);
	}
	ends_well(&lock);
}

Test(later, is_never_when_cancelled_or_closed, .description = "G4")
{
	fifolock_t lock = {0};
	struct task task[4], late;

	cr_assert_eq(fifolock_lock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(puts_off(&task[i], &lock, i != 3), EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&task[1].later.request), 0);
	cr_assert_eq(fifolock_waiting(&lock), 3);
	cr_assert_eq(fifolock_close(&lock), 0);
	cr_assert_eq(puts_off(&late, &lock, true), ECANCELED);
	cr_assert_eq(fifolock_unlock(&lock, X), 0);
	for (unsigned i = 0; i < 4; i++) {
		cr_assert_eq(task[i].ran, 0);
		cr_assert_eq(task[i].ended, i == 1 || i == 3 ? 0 : 1);
		cr_assert_eq(task[i].status, i == 1 || i == 3 ? 0 : ECANCELED);
	}
	cr_assert_eq(late.ran + late.ended, 0);
	ends_well(&lock);
}

/* A cancellation of the head lets the one behind it run. */
static void counts_task(void *arg)
{
	struct task *task = arg;

	task->ran++;
}

Test(later, is_at_once_when_what_held_it_up_is_cancelled, .description = "G4")
{
	fifolock_t lock = {0};
	struct task writer, reader = {.lock = &lock};

	cr_assert_eq(fifolock_lock(&lock, S), 0);
	cr_assert_eq(puts_off(&writer, &lock, true), EINPROGRESS);
	cr_assert_eq(fifolock_run_async(&lock, S, &reader.later, counts_task, &reader,
					task_ends, &reader),
		     EINPROGRESS);
	cr_assert_eq(fifolock_request_cancel(&writer.later.request), 0);
	cr_assert_eq(reader.ran, 1);
	cr_assert_eq(reader.ended, 1);
	cr_assert_eq(fifolock_holds(&lock, S), 1);
	cr_assert_eq(writer.ran + writer.ended, 0);
	cr_assert_eq(fifolock_unlock(&lock, S), 0);
	ends_well(&lock);
}

/* In done the memory is free again: for the same once more. */
static void once_more(void *ctx, int status)
{
	struct task *task = ctx;
	int rc;

	fault_if(status);
	task->ended++;
	if (task->again == 0)
		return;
	task->again--;
	rc = fifolock_run_async(task->lock, X, &task->later, runs_task, task, once_more,
				task);
	fault_if(rc && rc != EINPROGRESS);
	if (rc == 0)
		task->ended++;
}

static void *long_row(void *arg)
{
	uint32_t count = (uint32_t)test_scaled(20000);
	struct task *task = calloc(count, sizeof(*task));
	fifolock_t *lock = arg;

	fault_if(fifolock_lock(lock, X));
	for (uint32_t i = 0; i < count; i++) {
		task[i].lock = lock;
		task[i].again = 4;
		fault_if(fifolock_run_async(lock, X, &task[i].later, runs_task, &task[i],
					    once_more, &task[i]) != EINPROGRESS);
	}
	fault_if(fifolock_unlock(lock, X));
	/* What was asked for meanwhile is handed over, in the end. */
	while (fifolock_request_run_due(lock))
		;
	for (uint32_t i = 0; i < count; i++) {
		fault_if(task[i].ran != task[i].ended ||
			 task[i].ran + task[i].again != 5);
		fault_if(i && task[i].place <= task[i - 1].place);
	}
	free(task);
	return NULL;
}

Test(later, of_a_long_row_needs_the_stack_of_one, .description = "G1 G6")
{
	fifolock_t lock = {0};

	pthread_join(on_small_stack(long_row, &lock), NULL);
	ends_well(&lock);
}
