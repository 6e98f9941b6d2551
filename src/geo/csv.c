/* Reads the text files of csv.h line by line, in pieces: they are read while others may write them, so that
 * they are not mapped. */
#include "geo/csv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD_BYTES_MAX 512 /* longer organisations are cut, longer addresses are none */

struct reader {
	const struct config_path *path;
	const char *file;
	struct diag *diag;
	int fd;
	size_t bytes;        /* read so far */
	size_t start, end;   /* of what is in `text` and not yet used */
	bool ended, in_long; /* in_long: inside a line whose start was too long to keep */
	unsigned line, good, bad, first_bad;
	char text[CSV_LINE_BYTES_MAX];
};

/* A line without its end. */
struct line {
	const char *at, *end;
};

static int fail(const struct reader *reader, const char *why)
{
	diag_error(reader->diag, reader->file, reader->path->pos.line, reader->path->pos.column,
	           "%s can not be used: %s", reader->path->path, why);
	return PF_EINVAL;
}

/* NULL with an error told. Freed by reader_free. */
static struct reader *reader_new(const struct config_path *path, const char *file,
                                 struct diag *diag)
{
	struct reader *reader = malloc(sizeof *reader);
	struct stat info;
	if (!reader) {
		diag_error(diag, file, path->pos.line, path->pos.column, "there is no memory to read %s",
		           path->path);
		return NULL;
	}
	memset(reader, 0, offsetof(struct reader, text));
	reader->path = path;
	reader->file = file;
	reader->diag = diag;
	reader->fd = open(path->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *fault = NULL;
	if (reader->fd < 0 || fstat(reader->fd, &info))
		fault = strerror(errno);
	else if (!S_ISREG(info.st_mode))
		fault = "it is no file";
	else if (!info.st_size)
		fault = "it is empty";
	if (!fault)
		return reader;
	fail(reader, fault);
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
	return NULL;
}

static void reader_free(struct reader *reader)
{
	close(reader->fd);
	free(reader);
}

static void count_bad(struct reader *reader)
{
	if (!reader->bad++)
		reader->first_bad = reader->line;
}

/* Is the file what it should be, after all lines? */
static int conclude(const struct reader *reader, const char *wanted)
{
	unsigned lines = reader->good + reader->bad;
	if (!lines) {
		diag_error(reader->diag, reader->path->path, 0, 0,
		           "there is no line in it but comments; each should be %s", wanted);
		return PF_EINVAL;
	}
	if (!reader->bad)
		return PF_OK;
	if (!reader->good || reader->bad > lines / CSV_BAD_SHARE) {
		diag_error(reader->diag, reader->path->path, reader->first_bad, 1,
		           "%u of %u lines are wrong, this is the first; each should be %s", reader->bad,
		           lines, wanted);
		return PF_EINVAL;
	}
	diag_warning(reader->diag, reader->path->path, reader->first_bad, 1,
	             "%u of %u lines are skipped, this is the first; each should be %s", reader->bad,
	             lines, wanted);
	return PF_OK;
}

/* ---- lines ------------------------------------------------------------------------------- */

/* Reads on behind what is not yet used. */
static int fill(struct reader *reader)
{
	memmove(reader->text, reader->text + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	if (reader->end == sizeof reader->text) { /* a line that has no end so far */
		reader->in_long = true;
		reader->end = 0;
	}
	ssize_t got;
	do
		got = read(reader->fd, reader->text + reader->end, sizeof reader->text - reader->end);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail(reader, strerror(errno));
	reader->ended = !got;
	reader->end += (size_t)got;
	reader->bytes += (size_t)got;
	return reader->bytes > CSV_FILE_BYTES_MAX ? fail(reader, "it is larger than 1 GB") : PF_OK;
}

/* The next line that could be kept; PF_ENOENT at the end. */
static int next_line(struct reader *reader, struct line *line)
{
	for (;;) {
		char *start = reader->text + reader->start;
		char *newline = memchr(start, '\n', reader->end - reader->start);
		if (!newline && !reader->ended) {
			int error = fill(reader);
			if (error != PF_OK)
				return error;
			continue;
		}
		if (!newline && reader->start == reader->end && !reader->in_long)
			return PF_ENOENT;
		*line = (struct line){start, newline ? newline : reader->text + reader->end};
		reader->start = newline ? (size_t)(newline - reader->text) + 1 : reader->end;
		reader->line++;
		if (line->end > line->at && line->end[-1] == '\r')
			line->end--;
		if (!reader->in_long)
			return PF_OK;
		reader->in_long = false;
		count_bad(reader);
	}
}

/* What stands in quotes, and what follows them up to a comma; `line->at` moves behind that. */
static size_t quoted_field(struct line *line, char field[FIELD_BYTES_MAX])
{
	size_t length = 0;
	const char *c = line->at + 1;
	for (bool quoted = true; c < line->end; c++) {
		if (quoted && *c == '"') {
			if (c + 1 == line->end || c[1] != '"') {
				quoted = false;
				continue;
			}
			c++;
		} else if (!quoted && *c == ',') {
			break;
		}
		if (length < FIELD_BYTES_MAX - 1)
			field[length++] = *c;
	}
	field[length] = '\0';
	line->at = c < line->end ? c + 1 : line->end;
	return length;
}

/* Copies the next field of a line, quotes taken off; `line->at` moves behind its comma. */
static size_t next_field(struct line *line, char field[FIELD_BYTES_MAX])
{
	if (line->at < line->end && *line->at == '"')
		return quoted_field(line, field);
	const char *comma = memchr(line->at, ',', (size_t)(line->end - line->at));
	size_t length = (size_t)((comma ? comma : line->end) - line->at);
	if (length > FIELD_BYTES_MAX - 1)
		length = FIELD_BYTES_MAX - 1;
	memcpy(field, line->at, length);
	field[length] = '\0';
	line->at = comma ? comma + 1 : line->end;
	return length;
}

/* ---- ranges ------------------------------------------------------------------------------ */

static bool parse_address(struct line *line, struct addr *addr)
{
	char field[FIELD_BYTES_MAX];
	size_t length = next_field(line, field);
	return length < ADDR_TEXT_MAX && !memchr(field, '\0', length) &&
	       addr_parse(field, addr) == PF_OK;
}

static bool parse_asn(struct line *line, uint32_t *asn)
{
	char field[FIELD_BYTES_MAX], *rest;
	size_t length = next_field(line, field);
	const char *digits = !strncmp(field, "AS", 2) ? field + 2 : field;
	if (memchr(field, '\0', length) || *digits < '0' || *digits > '9')
		return false;
	errno = 0;
	unsigned long number = strtoul(digits, &rest, 10);
	*asn = (uint32_t)number;
	return !*rest && !errno && number <= UINT32_MAX;
}

/* `organisation` is the room for it. */
static bool parse_range(struct line line, char organisation[FIELD_BYTES_MAX],
                        struct as_range *range)
{
	if (!parse_address(&line, &range->start) || !parse_address(&line, &range->end) ||
	    !parse_asn(&line, &range->asn))
		return false;
	if (range->start.family != range->end.family ||
	    memcmp(range->start.bytes, range->end.bytes, sizeof range->start.bytes) > 0)
		return false;
	range->organisation = organisation;
	range->organisation_length = next_field(&line, organisation);
	return true;
}

int csv_read_ranges(const struct config_path *path, const char *file, struct diag *diag,
                    const struct as_range_taker *taker)
{
	struct reader *reader = reader_new(path, file, diag);
	struct line line;
	int error;
	if (!reader)
		return PF_EINVAL;
	while ((error = next_line(reader, &line)) == PF_OK) {
		char organisation[FIELD_BYTES_MAX];
		struct as_range range;
		if (line.at == line.end || *line.at == '#')
			continue;
		if (!parse_range(line, organisation, &range)) {
			count_bad(reader);
			continue;
		}
		reader->good++;
		error = range.asn ? taker->take(taker->data, &range) : PF_OK;
		if (error != PF_OK)
			break;
	}
	if (error == PF_ENOENT)
		error = conclude(reader, "start,end,asn,organisation");
	reader_free(reader);
	return error;
}

/* ---- prefixes ---------------------------------------------------------------------------- */

static bool parse_prefix(struct line line, struct prefix *prefix)
{
	char text[PREFIX_TEXT_MAX];
	size_t length = 0;
	if (line.at < line.end && *line.at == '"')
		line.at++;
	while (line.at + length < line.end && !memchr(" \t,;\"#", line.at[length], 6))
		length++;
	if (length >= sizeof text || memchr(line.at, '\0', length))
		return false;
	memcpy(text, line.at, length);
	text[length] = '\0';
	return prefix_parse(text, prefix) == PF_OK;
}

int csv_read_prefixes(const struct config_path *path, const char *file, struct diag *diag,
                      int (*each)(void *data, const struct prefix *prefix), void *data)
{
	struct reader *reader = reader_new(path, file, diag);
	struct line line;
	int error;
	if (!reader)
		return PF_EINVAL;
	while ((error = next_line(reader, &line)) == PF_OK) {
		struct prefix prefix = {0};
		while (line.at < line.end && (*line.at == ' ' || *line.at == '\t'))
			line.at++;
		if (line.at == line.end || *line.at == '#')
			continue;
		if (!parse_prefix(line, &prefix)) {
			count_bad(reader);
			continue;
		}
		reader->good++;
		error = each(data, &prefix);
		if (error != PF_OK)
			break;
	}
	if (error == PF_ENOENT)
		error = conclude(reader, "a prefix such as 1.1.1.0/24");
	reader_free(reader);
	return error;
}
