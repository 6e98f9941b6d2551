/* The pauses of pause.h. */
#include "policy/pause.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compiled.h"

static const char head[] = "portafilter pauses 1\n";
static const char tail[] = "end\n";

static void remove_at(struct pauses *pauses, size_t place)
{
	pauses->list[place] = pauses->list[--pauses->count];
}

int pauses_set(struct pauses *pauses, const char *tag, int64_t until_wall_us, int64_t now_wall_us)
{
	for (size_t i = pauses->count; i-- > 0;)
		if (pauses->list[i].until_wall_us <= now_wall_us || !strcmp(pauses->list[i].tag, tag))
			remove_at(pauses, i);
	if (until_wall_us <= now_wall_us)
		return PF_OK;
	if (pauses->count == PAUSE_COUNT_MAX)
		return PF_EFULL;
	struct pause *pause = &pauses->list[pauses->count++];
	snprintf(pause->tag, sizeof pause->tag, "%s", tag);
	pause->until_wall_us = until_wall_us;
	return PF_OK;
}

/* ---- the file ---------------------------------------------------------------------------- */

size_t pauses_write(const struct pauses *pauses, char text[PAUSE_FILE_BYTES_MAX])
{
	_Static_assert(PAUSE_COUNT_MAX * (TAG_NAME_MAX + 24) + sizeof head + sizeof tail <
	                   PAUSE_FILE_BYTES_MAX,
	               "all lines fit");
	size_t length = (size_t)sprintf(text, "%s", head);
	for (size_t i = 0; i < pauses->count; i++)
		length += (size_t)sprintf(text + length, "%s %lld\n", pauses->list[i].tag,
		                          (long long)pauses->list[i].until_wall_us);
	return length + (size_t)sprintf(text + length, "%s", tail);
}

/* One line of a tag and a time; `*at` goes behind it. */
static bool read_line(const char **at, struct pause *pause)
{
	struct tag_table table;
	size_t length = strcspn(*at, " \n");
	const char *number = *at + length + 1;
	if ((*at)[length] != ' ' || length >= sizeof pause->tag)
		return false;
	memcpy(pause->tag, *at, length);
	pause->tag[length] = '\0';
	tag_table_init(&table);
	size_t digits = strspn(number, "0123456789");
	if (tag_add(&table, pause->tag) < 0 || !digits || digits > 18 || number[digits] != '\n')
		return false;
	pause->until_wall_us = strtoll(number, NULL, 10);
	*at = number + digits + 1;
	return true;
}

static int read_all(struct pauses *pauses, const char *at, int64_t now_wall_us)
{
	if (strncmp(at, head, sizeof head - 1))
		return PF_EINVAL;
	at += sizeof head - 1;
	while (strcmp(at, tail)) {
		struct pause pause;
		if (!read_line(&at, &pause) || pause.until_wall_us - now_wall_us > PAUSE_DURATION_MAX_US ||
		    pauses_set(pauses, pause.tag, pause.until_wall_us, now_wall_us) != PF_OK)
			return PF_EINVAL;
	}
	return PF_OK;
}

int pauses_read(struct pauses *pauses, const char *text, size_t length, int64_t now_wall_us)
{
	char copy[PAUSE_FILE_BYTES_MAX];
	pauses->count = 0;
	if (length >= sizeof copy || memchr(text, '\0', length))
		return PF_EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	int error = read_all(pauses, copy, now_wall_us);
	if (error != PF_OK)
		pauses->count = 0;
	return error;
}

/* ---- for a thread ------------------------------------------------------------------------ */

void paused_resolve(struct paused *paused, const struct pauses *pauses, const struct policy *policy)
{
	paused->generation = pauses ? pauses->generation : 0;
	paused->count = 0;
	paused->last_wall_us = 0;
	for (size_t i = 0; pauses && i < pauses->count; i++) {
		const struct pause *pause = &pauses->list[i];
		int tag = tag_find(&policy->tags, pause->tag);
		if (tag < 0)
			continue;
		paused->tags[paused->count] = tag_bit((size_t)tag);
		paused->until_wall_us[paused->count++] = pause->until_wall_us;
		if (pause->until_wall_us > paused->last_wall_us)
			paused->last_wall_us = pause->until_wall_us;
	}
}
