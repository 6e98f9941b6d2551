/* The differences of diff.h. What counts of a record is its owner, type and data, not its TTL: a keyed hash of these stands
 * for it, sorted, so that each line of the old copy is looked up by bisection. */
#include "fetch/diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct diff_change {
	uint64_t hash;
	uint32_t order;
	bool added, met; /* met: the old copy has it */
	size_t line;     /* offset in `lines` */
};

void diff_init(struct diff *diff, uint64_t bytes_max)
{
	*diff = (struct diff){.key = hash_key_random()};
	buffer_init(&diff->lines, (size_t)bytes_max);
}

void diff_deinit(struct diff *diff)
{
	buffer_deinit(&diff->lines);
	free(diff->changes);
	diff->changes = NULL;
	diff->count = diff->room = 0;
}

/* "OWNER TTL rest" without its TTL. */
static uint64_t hash_line(struct hash_key key, const char *line, size_t length)
{
	const char *first = memchr(line, ' ', length);
	size_t owner = first ? (size_t)(first - line) : length;
	const char *second = first ? memchr(first + 1, ' ', length - owner - 1) : NULL;
	uint64_t hash = hash_bytes(key, line, owner);
	if (!second)
		return hash;
	struct hash_key next = {key.seed ^ hash};
	return hash_bytes(next, second, length - (size_t)(second - line));
}

int diff_add(struct diff *diff, const struct zone_transfer_record *record)
{
	if (diff->count == DIFF_CHANGES_MAX)
		return PF_EFULL;
	if (diff->count == diff->room) {
		size_t room = diff->room ? diff->room * 2 : 256;
		struct diff_change *grown = realloc(diff->changes, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		diff->changes = grown;
		diff->room = room;
	}
	struct diff_change *change = &diff->changes[diff->count];
	*change = (struct diff_change){.hash = hash_line(diff->key, record->line, record->length),
	                               .order = (uint32_t)diff->count,
	                               .added = record->added,
	                               .line = diff->lines.length};
	if (record->added) {
		buffer_append(&diff->lines, record->line, record->length);
		buffer_append(&diff->lines, "\n", 1);
	}
	if (diff->lines.failed)
		return PF_EFULL;
	diff->count++;
	return PF_OK;
}

static int by_hash(const void *a, const void *b)
{
	const struct diff_change *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The first change of a record; those of the same record follow. */
static struct diff_change *find(const struct diff *diff, uint64_t hash)
{
	size_t low = 0, high = diff->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (diff->changes[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return low < diff->count && diff->changes[low].hash == hash ? &diff->changes[low] : NULL;
}

static int write_line(struct replacement *writer, const char *line, size_t length)
{
	int error = replace_write(writer, line, length);
	return error == PF_OK ? replace_write(writer, "\n", 1) : error;
}

/* The old copy without its SOA, which is its first line, and without all that the differences speak of. */
static int keep_old(struct diff *diff, FILE *old, struct replacement *writer)
{
	char *line = NULL;
	size_t room = 0, number = 0;
	ssize_t length;
	int error = PF_OK;
	while (error == PF_OK && (length = getline(&line, &room, old)) > 0) {
		if (line[length - 1] == '\n')
			length--;
		if (!number++)
			continue;
		struct diff_change *change = find(diff, hash_line(diff->key, line, (size_t)length));
		if (change)
			change->met = true;
		else
			error = write_line(writer, line, (size_t)length);
	}
	free(line);
	return error == PF_OK && ferror(old) ? PF_EIO : error;
}

/* Is what is taken away first there, and what is added first not? */
static bool agrees(const struct diff *diff)
{
	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_change *change = &diff->changes[i];
		bool first = !i || diff->changes[i - 1].hash != change->hash;
		if (first && !change->added && !change->met)
			return false;
	}
	return true;
}

static int write_added(const struct diff *diff, struct replacement *writer)
{
	for (size_t i = 0; i < diff->count; i++) {
		const struct diff_change *change = &diff->changes[i];
		bool last = i + 1 == diff->count || diff->changes[i + 1].hash != change->hash;
		if (!last || !change->added)
			continue;
		const char *line = diff->lines.data + change->line;
		int error = replace_write(writer, line, strcspn(line, "\n") + 1);
		if (error != PF_OK)
			return error;
	}
	return PF_OK;
}

int diff_apply(struct diff *diff, const char *old_path, const char *soa_line,
               struct replacement *writer)
{
	FILE *old = fopen(old_path, "re");
	if (!old)
		return errno == ENOENT ? PF_ECONFLICT : PF_EIO;
	if (diff->count)
		qsort(diff->changes, diff->count, sizeof *diff->changes, by_hash);
	int error = write_line(writer, soa_line, strlen(soa_line));
	if (error == PF_OK)
		error = keep_old(diff, old, writer);
	if (error == PF_OK)
		error = agrees(diff) ? write_added(diff, writer) : PF_ECONFLICT;
	fclose(old);
	return error;
}
