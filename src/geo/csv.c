/* Reads the text files of csv.h line by line out of a mapping. */
#include "geo/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD_BYTES_MAX 512 /* longer organisations are cut, longer addresses are none */

struct reader {
	const struct config_path *path;
	const char *file;
	struct diag *diag;
	char *text; /* mapped */
	size_t length;
	unsigned line, good, bad, first_bad;
};

static int fail(const struct reader *reader, const char *why)
{
	diag_error(reader->diag, reader->file, reader->path->pos.line, reader->path->pos.column,
	           "%s can not be used: %s", reader->path->path, why);
	return PF_EINVAL;
}

static int open_reader(struct reader *reader)
{
	struct stat info;
	int fd = open(reader->path->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(reader, strerror(errno));
	const char *fault = fstat(fd, &info)                    ? strerror(errno)
	                    : !S_ISREG(info.st_mode)            ? "it is no file"
	                    : !info.st_size                     ? "it is empty"
	                    : info.st_size > CSV_FILE_BYTES_MAX ? "it is larger than 1 GB"
	                                                        : NULL;
	if (!fault) {
		reader->length = (size_t)info.st_size;
		reader->text = mmap(NULL, reader->length, PROT_READ, MAP_PRIVATE, fd, 0);
		if (reader->text == MAP_FAILED) {
			reader->text = NULL;
			fault = strerror(errno);
		}
	}
	close(fd);
	return fault ? fail(reader, fault) : PF_OK;
}

static void count_bad(struct reader *reader)
{
	if (!reader->bad++)
		reader->first_bad = reader->line;
}

/* Is the file what it should be, after all lines? */
static int conclude(const struct reader *reader, const char *wanted)
{
	if (!reader->bad && reader->good)
		return PF_OK;
	if (!reader->good || reader->bad > (reader->good + reader->bad) / CSV_BAD_SHARE) {
		diag_error(reader->diag, reader->path->path, reader->first_bad, reader->first_bad ? 1 : 0,
		           "%u of %u lines are wrong; each should be %s", reader->bad,
		           reader->good + reader->bad, wanted);
		return PF_EINVAL;
	}
	diag_warning(reader->diag, reader->path->path, reader->first_bad, 1,
	             "%u of %u lines are skipped, this is the first; each should be %s", reader->bad,
	             reader->good + reader->bad, wanted);
	return PF_OK;
}

/* Copies the next field of a line, quotes taken off; `*at` moves behind its comma. */
static void next_field(const char **at, const char *end, char field[FIELD_BYTES_MAX])
{
	size_t length = 0;
	const char *c = *at;
	bool quoted = c < end && *c == '"';
	for (c += quoted; c < end; c++) {
		if (quoted && *c == '"') {
			if (c + 1 == end || c[1] != '"') {
				quoted = false;
				continue;
			}
			c++;
		} else if (!quoted && *c == ',') {
			break;
		}
		if (length < FIELD_BYTES_MAX - 1 && (unsigned char)*c >= 0x20 && *c != 0x7f)
			field[length++] = *c;
	}
	field[length] = '\0';
	*at = c < end ? c + 1 : end;
}

/* Cut at a character, not inside one. */
static void copy_name(char to[GEO_ORGANISATION_MAX], const char *from)
{
	size_t length = strlen(from);
	if (length >= GEO_ORGANISATION_MAX) {
		length = GEO_ORGANISATION_MAX - 1;
		while (length && ((unsigned char)from[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(to, from, length);
	to[length] = '\0';
}

static bool parse_range(const char *at, const char *end, struct csv_range *range)
{
	char field[FIELD_BYTES_MAX], *rest;
	next_field(&at, end, field);
	if (addr_parse(field, &range->start) != PF_OK)
		return false;
	next_field(&at, end, field);
	if (addr_parse(field, &range->end) != PF_OK || range->end.family != range->start.family ||
	    memcmp(range->start.bytes, range->end.bytes, sizeof range->start.bytes) > 0)
		return false;
	next_field(&at, end, field);
	const char *digits = !strncmp(field, "AS", 2) ? field + 2 : field;
	errno = 0;
	unsigned long number = strtoul(digits, &rest, 10);
	if (*digits < '0' || *digits > '9' || *rest || errno || number > UINT32_MAX)
		return false;
	range->asn = (uint32_t)number;
	next_field(&at, end, field);
	copy_name(range->organisation, field);
	return true;
}

/* The next line without its end, or NULL. */
static const char *next_line(struct reader *reader, size_t *at, const char **end)
{
	if (*at >= reader->length)
		return NULL;
	const char *start = reader->text + *at;
	const char *newline = memchr(start, '\n', reader->length - *at);
	*end = newline ? newline : reader->text + reader->length;
	*at = (size_t)(*end - reader->text) + 1;
	if (*end > start && (*end)[-1] == '\r')
		--*end;
	reader->line++;
	return start;
}

int csv_read_ranges(const struct config_path *path, const char *file, struct diag *diag,
                    int (*each)(void *data, const struct csv_range *range), void *data)
{
	struct reader reader = {.path = path, .file = file, .diag = diag};
	const char *line, *end;
	size_t at = 0;
	int error = open_reader(&reader);
	while (error == PF_OK && (line = next_line(&reader, &at, &end))) {
		struct csv_range range;
		if (line == end || *line == '#')
			continue;
		if (!parse_range(line, end, &range)) {
			count_bad(&reader);
		} else {
			reader.good++;
			if (range.asn) /* AS 0 announces nothing (RFC 7607) */
				error = each(data, &range);
		}
	}
	if (error == PF_OK)
		error = conclude(&reader, "start,end,asn,organisation");
	if (reader.text)
		munmap(reader.text, reader.length);
	return error;
}

static bool parse_prefix(const char *line, const char *end, struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];
	while (line < end && (*line == ' ' || *line == '\t' || *line == '"'))
		line++;
	size_t length = 0;
	while (line + length < end && !strchr(" \t,;\"#", line[length]))
		length++;
	if (length >= sizeof text)
		return false;
	memcpy(text, line, length);
	text[length] = '\0';
	return prefix_parse(text, prefix) == PF_OK;
}

static bool is_blank(const char *line, const char *end)
{
	while (line < end && (*line == ' ' || *line == '\t'))
		line++;
	return line == end || *line == '#';
}

int csv_read_prefixes(const struct config_path *path, const char *file, struct diag *diag,
                      int (*each)(void *data, const struct prefix *prefix), void *data)
{
	struct reader reader = {.path = path, .file = file, .diag = diag};
	const char *line, *end;
	size_t at = 0;
	int error = open_reader(&reader);
	while (error == PF_OK && (line = next_line(&reader, &at, &end))) {
		struct prefix prefix = {0};
		if (is_blank(line, end))
			continue;
		if (parse_prefix(line, end, &prefix)) {
			reader.good++;
			error = each(data, &prefix);
		} else {
			count_bad(&reader);
		}
	}
	if (error == PF_OK)
		error = conclude(&reader, "a prefix such as 1.1.1.0/24");
	if (reader.text)
		munmap(reader.text, reader.length);
	return error;
}
