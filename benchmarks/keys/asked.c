/* SPDX-License-Identifier: MIT
 *
 * asked.c - which keys are asked for.
 *
 * A draw by zipf.h takes some logarithms, as long as a lock or longer; a million of them made
 * beforehand are read in order, 16 to the cache line.
 */
#include "asked.h"
#include "zipf.h"

#include <err.h>
#include <stdlib.h>

#define DRAWN (1u << 20)
/* Prime, and more than 2^32: steps around any number of keys meet each of them. */
#define STEP UINT64_C(11400714823)

static void open_list(struct asked *asked, uint32_t keys)
{
	*asked = (struct asked){.keys = keys, .length = DRAWN};
	asked->list = malloc(DRAWN * sizeof(asked->list[0]));
	if (!asked->list)
		err(1, "keys to ask for");
}

void asked_open(struct asked *asked, uint32_t keys, enum access access)
{
	uint64_t dice = dice_state(keys);
	struct zipf zipf;

	*asked = (struct asked){.keys = keys};
	if (access == UNIFORM || keys == 1)
		return;
	open_list(asked, keys);
	zipf_init(&zipf, keys, ASKED_THETA);
	for (uint32_t i = 0; i < DRAWN; i++)
		asked->list[i] = (uint32_t)(zipf_draw(&zipf, &dice) * STEP % keys);
}

void asked_open_these(struct asked *asked, const uint32_t these[], uint32_t count,
		      uint32_t keys)
{
	uint64_t dice = dice_state(count);

	open_list(asked, keys);
	for (uint32_t i = 0; i < DRAWN; i++)
		asked->list[i] = these[dice_below(dice_roll(&dice), count)];
}

void asked_close(struct asked *asked)
{
	free(asked->list);
}
