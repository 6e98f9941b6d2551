/* The tables of zone.h. */
#include "base/zone.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/zone_rule.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define ZONE_SYSTEM "/etc/localtime"
#define HEADER_BYTES 44
#define RULE_BYTES_MAX 128 /* the longest of today has 45 */
#define OFFSET_MAX_S (48 * 3600)
#define YEAR_FIRST \
	1970 /* the first of which rules are written out; nobody asks about earlier ones */

struct zone {
	int32_t before_s; /* before the first change */
	size_t count;
	int64_t *at_s; /* moments of change, ascending */
	int32_t *offset_s;
};

/* One block of a file: where its parts stand. */
struct block {
	size_t change_count, type_count;
	const uint8_t *changes, *types_of_changes, *types;
	const uint8_t *end;
};

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read64(const uint8_t *at)
{
	return (int64_t)((uint64_t)read32(at) << 32 | read32(at + 4));
}

/* RFC 8536, 3.1 and 3.2; `time_bytes` is 4 in the first block, 8 in the second. */
static int read_block(const uint8_t *bytes, size_t length, size_t time_bytes, struct block *block)
{
	if (length < HEADER_BYTES || memcmp(bytes, "TZif", 4) != 0 || bytes[4] < '2')
		return PF_EINVAL;
	uint64_t universal = read32(bytes + 20), standard = read32(bytes + 24);
	uint64_t leaps = read32(bytes + 28), changes = read32(bytes + 32);
	uint64_t types = read32(bytes + 36), characters = read32(bytes + 40);
	uint64_t size = HEADER_BYTES + changes * (time_bytes + 1) + types * 6 + characters +
	                leaps * (time_bytes + 4) + standard + universal;
	if (!types || size > length)
		return PF_EINVAL;
	block->change_count = (size_t)changes;
	block->type_count = (size_t)types;
	block->changes = bytes + HEADER_BYTES;
	block->types_of_changes = block->changes + changes * time_bytes;
	block->types = block->types_of_changes + changes;
	block->end = bytes + size;
	return PF_OK;
}

static bool offset_of(const struct block *block, size_t type, int32_t *offset_s)
{
	if (type >= block->type_count)
		return false;
	*offset_s = (int32_t)read32(block->types + type * 6);
	return *offset_s > -OFFSET_MAX_S && *offset_s < OFFSET_MAX_S;
}

/* A change before the last one says nothing new; one at the same moment has the last word (where summer time never
 * ends, the end of one year is the beginning of the next). */
static void add(struct zone *zone, int64_t at_s, int32_t offset_s)
{
	if (zone->count && at_s == zone->at_s[zone->count - 1])
		zone->offset_s[zone->count - 1] = offset_s;
	if (zone->count && at_s <= zone->at_s[zone->count - 1])
		return;
	zone->at_s[zone->count] = at_s;
	zone->offset_s[zone->count++] = offset_s;
}

static int fill_changes(struct zone *zone, const struct block *block)
{
	if (!offset_of(block, 0, &zone->before_s))
		return PF_EINVAL;
	for (size_t i = 0; i < block->change_count; i++) {
		int64_t at_s = read64(block->changes + i * 8);
		int32_t offset_s;
		if (!offset_of(block, block->types_of_changes[i], &offset_s) ||
		    (i && at_s <= zone->at_s[i - 1]))
			return PF_EINVAL;
		add(zone, at_s, offset_s);
	}
	return PF_OK;
}

static void fill_years(struct zone *zone, const struct zone_rule *rule)
{
	for (int year = YEAR_FIRST; year <= ZONE_YEAR_LAST; year++) {
		int64_t start_s = zone_rule_start(rule, year), end_s = zone_rule_end(rule, year);
		bool north = start_s < end_s;
		add(zone, north ? start_s : end_s, north ? rule->summer_s : rule->standard_s);
		add(zone, north ? end_s : start_s, north ? rule->standard_s : rule->summer_s);
	}
}

/* The footer: between two ends of line; an empty one has no rule. */
static int fill_rule(struct zone *zone, const uint8_t *at, const uint8_t *end)
{
	char text[RULE_BYTES_MAX];
	struct zone_rule rule;
	const uint8_t *stop =
		at < end && *at == '\n' ? memchr(at + 1, '\n', (size_t)(end - at - 1)) : NULL;
	if (!stop || stop - at > RULE_BYTES_MAX)
		return PF_EINVAL;
	size_t length = (size_t)(stop - at - 1);
	if (!length)
		return PF_OK;
	memcpy(text, at + 1, length);
	text[length] = '\0';
	if (zone_rule_parse(text, &rule) != PF_OK)
		return PF_EINVAL;
	if (rule.has_summer)
		fill_years(zone, &rule);
	else if (!zone->count)
		zone->before_s = rule.standard_s;
	return PF_OK;
}

int zone_parse(const uint8_t *bytes, size_t length, struct zone **out)
{
	struct block first, second;
	*out = NULL;
	if (length > ZONE_FILE_BYTES_MAX || read_block(bytes, length, 4, &first) != PF_OK)
		return PF_EINVAL;
	size_t left = (size_t)(bytes + length - first.end);
	if (read_block(first.end, left, 8, &second) != PF_OK)
		return PF_EINVAL;
	struct zone *zone = calloc(1, sizeof *zone);
	if (!zone)
		return PF_ENOMEM;
	size_t room = second.change_count + 2 * (ZONE_YEAR_LAST - YEAR_FIRST + 1);
	int error = PF_ENOMEM;
	zone->at_s = calloc(room, sizeof *zone->at_s);
	zone->offset_s = calloc(room, sizeof *zone->offset_s);
	if (zone->at_s && zone->offset_s)
		error = fill_changes(zone, &second);
	if (error == PF_OK)
		error = fill_rule(zone, second.end, bytes + length);
	if (error != PF_OK)
		zone_free(&zone);
	*out = zone;
	return error;
}

void zone_free(struct zone **zone)
{
	if (!*zone)
		return;
	free((*zone)->at_s);
	free((*zone)->offset_s);
	free(*zone);
	*zone = NULL;
}

/* ---- files ------------------------------------------------------------------------------- */

static int load_file(const char *path, struct zone **out)
{
	uint8_t *bytes = malloc(ZONE_FILE_BYTES_MAX + 1);
	if (!bytes)
		return PF_ENOMEM;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t length = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	while (got > 0 && length <= ZONE_FILE_BYTES_MAX) {
		got = read(fd, bytes + length, ZONE_FILE_BYTES_MAX + 1 - length);
		length += got > 0 ? (size_t)got : 0;
	}
	int error = got < 0 ? PF_ENOENT : zone_parse(bytes, length, out);
	if (fd >= 0)
		close(fd);
	free(bytes);
	return error;
}

/* Zones have names like America/Argentina/Salta and Etc/GMT+1: nothing that leads out of the folder. */
static bool is_zone_name(const char *name)
{
	size_t length =
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");
	return length && length < ZONE_NAME_MAX && !name[length] && *name != '/' && *name != '-';
}

static int load_utc(struct zone **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? PF_OK : PF_ENOMEM;
}

static int load_system(struct zone **out)
{
	const char *name = getenv("TZ");
	if (name && *name == ':')
		name++;
	if (name && is_zone_name(name))
		return zone_load(name, out);
	int error = load_file(ZONE_SYSTEM, out);
	return error == PF_ENOENT ? load_utc(out) : error;
}

int zone_load(const char *name, struct zone **out)
{
	char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX];
	*out = NULL;
	if (!name)
		return load_system(out);
	if (!is_zone_name(name))
		return PF_ENOENT;
	snprintf(path, sizeof path, "%s%s", ZONE_FOLDER, name);
	int error = load_file(path, out);
	return error == PF_ENOENT && !strcmp(name, "UTC") ? load_utc(out) : error;
}

/* ---- asking ------------------------------------------------------------------------------ */

int32_t zone_offset_s(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0, high = zone->count; /* the changes before `low` have been */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (zone->at_s[middle] <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? zone->offset_s[low - 1] : zone->before_s;
}

unsigned zone_week_minute(const struct zone *zone, int64_t utc_s)
{
	int64_t local_s = utc_s + zone_offset_s(zone, utc_s) + 3 * 86400; /* 1970 began on a Thursday */
	int64_t week_s = local_s % (WEEK_MINUTES * 60);
	return (unsigned)((week_s < 0 ? week_s + WEEK_MINUTES * 60 : week_s) / 60);
}
