/* The reader of file.h. It reads in pieces and does not map the file: one that somebody truncates
 * while we read must not end the daemon with SIGBUS. */
#include "lists/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lists/detect.h"
#include "lists/parse.h"

#define PIECE_BYTES DETECT_BYTES_MAX /* the first piece is what detection looks at */
#define SUMMARY_BYTES_MAX 400

/* One file on its way; everything that its error messages need. */
struct reading {
	int fd;
	uint64_t bytes, size;     /* read, and when it was opened */
	struct list_index *index; /* NULL: the names go elsewhere */
	const char *path;
	struct list_info *info;
	const char *config_file;
	struct config_pos pos;
	struct diag *diag;
	struct list_parser parser;
	char piece[PIECE_BYTES];
};

static void tell(struct reading *reading, enum diag_level level, const char *format, ...)
	PF_PRINTF(3, 4);

static void tell(struct reading *reading, enum diag_level level, const char *format, ...)
{
	char text[DIAG_TEXT_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	diag_add(reading->diag, level, reading->config_file, reading->pos.line, reading->pos.column,
	         "the list `%s`: %s %s", reading->info->name, reading->path, text);
}

static void tell_too_large(struct reading *reading)
{
	tell(reading, DIAG_ERROR, "is larger than %u MiB, which no list should be",
	     LIST_FILE_BYTES_MAX >> 20);
}

static int open_file(struct reading *reading)
{
	struct stat stat;
	/* O_NONBLOCK: the name may be a FIFO, which would wait for a writer. */
	reading->fd = open(reading->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (reading->fd < 0 || fstat(reading->fd, &stat)) {
		tell(reading, DIAG_ERROR, "can not be opened: %s", strerror(errno));
		return PF_EINVAL;
	}
	if (!S_ISREG(stat.st_mode)) {
		tell(reading, DIAG_ERROR, "is not a regular file");
		return PF_EINVAL;
	}
	if ((uint64_t)stat.st_size > LIST_FILE_BYTES_MAX) {
		tell_too_large(reading);
		return PF_EINVAL;
	}
	reading->size = (uint64_t)stat.st_size;
	reading->info->modified_wall_us =
		(int64_t)stat.st_mtim.tv_sec * 1000000 + stat.st_mtim.tv_nsec / 1000;
	return PF_OK;
}

/* Fills the piece unless the file ends before. Returns its length or PF_EINVAL. */
static ssize_t next_piece(struct reading *reading)
{
	size_t length = 0;
	while (length < PIECE_BYTES) {
		ssize_t got = read(reading->fd, reading->piece + length, PIECE_BYTES - length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			tell(reading, DIAG_ERROR, "can not be read: %s", strerror(errno));
			return PF_EINVAL;
		}
		if (!got)
			break;
		length += (size_t)got;
	}
	reading->bytes += length;
	if (reading->bytes > LIST_FILE_BYTES_MAX) {
		tell_too_large(reading); /* it grew since it was opened */
		return PF_EINVAL;
	}
	return (ssize_t)length;
}

/* As many names as the file has lines, if it goes on as it begins. Without the last hundredth: a table that is
 * a little too small grows once, one that is too large was touched in vain. */
static void expect_names(const struct reading *reading, size_t length)
{
	size_t lines = 0;
	for (const char *at = reading->piece, *end = at + length; at < end; at++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			break;
		lines += at > reading->piece && at[-1] != '\n';
	}
	if (reading->index && reading->size > length)
		list_index_expect(reading->index, (size_t)(reading->size * lines / length * 99 / 100));
}

static int read_pieces(struct reading *reading)
{
	ssize_t length;
	while ((length = next_piece(reading)) > 0) {
		if (reading->bytes == (uint64_t)length) {
			const char *stranger = detect_stranger(reading->piece, (size_t)length);
			if (stranger) {
				tell(reading, DIAG_ERROR, "%s", stranger);
				return PF_EINVAL;
			}
			if (reading->info->format == LIST_FORMAT_AUTO)
				reading->info->format = detect_format(reading->piece, (size_t)length);
			expect_names(reading, (size_t)length);
		}
		int error = list_parser_feed(&reading->parser, reading->piece, (size_t)length);
		if (error != PF_OK)
			return error;
	}
	return length < 0 ? PF_EINVAL : list_parser_finish(&reading->parser);
}

/* "25 × a regular expression (first on line 5), 3 × …" */
static void summarise(const struct list_info *info, char text[SUMMARY_BYTES_MAX])
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; i < SKIP_COUNT && used < SUMMARY_BYTES_MAX - 1; i++) {
		const struct list_skipped *skipped = &info->skipped[i];
		if (!skipped->count || i == SKIP_DUPLICATE || i == SKIP_UNWANTED)
			continue;
		int more = snprintf(text + used, SUMMARY_BYTES_MAX - used, "%s%zu × %s (first on line %u)",
		                    used ? ", " : "", skipped->count, list_skip_text((enum list_skip)i),
		                    skipped->example_lines[0]);
		if (more > 0)
			used += (size_t)more;
	}
}

/* Is what came out believable? */
static int judge(struct reading *reading)
{
	struct list_info *info = reading->info;
	size_t taken = list_info_taken(info);
	size_t skipped = list_info_skipped(info) - info->skipped[SKIP_DUPLICATE].count -
	                 info->skipped[SKIP_UNWANTED].count;
	char summary[SUMMARY_BYTES_MAX];
	summarise(info, summary);
	if (info->format == LIST_FORMAT_AUTO)
		info->format = LIST_FORMAT_PLAIN; /* it is empty */
	if (!taken && skipped) {
		tell(reading, DIAG_ERROR, "holds nothing that could be taken: %s", summary);
		return PF_EINVAL;
	}
	if (!taken && info->skipped[SKIP_UNWANTED].count)
		tell(
			reading, DIAG_WARNING,
			"holds no line of the kinds and the evidence that are asked for, of %zu: see `kinds` and "
			"`evidence`",
			info->skipped[SKIP_UNWANTED].count);
	else if (!taken)
		tell(reading, DIAG_WARNING, "is empty: it lists nothing");
	else if (skipped > taken)
		tell(reading, DIAG_WARNING, "was taken only in part, %zu entries; skipped: %s", taken,
		     summary);
	return PF_OK;
}

static struct reading *reading_new(const char *path, struct list_info *info, struct diag *diag)
{
	struct reading *reading = malloc(sizeof *reading);
	if (!reading)
		return NULL;
	reading->fd = -1;
	reading->bytes = 0;
	reading->size = 0;
	reading->index = NULL;
	reading->path = path;
	reading->info = info;
	reading->config_file = NULL;
	reading->pos = (struct config_pos){0, 0};
	reading->diag = diag;
	return reading;
}

static void reading_free(struct reading *reading)
{
	if (reading->fd >= 0)
		close(reading->fd);
	free(reading);
}

int list_file_show(const char *file, enum list_format format, list_take *take, void *data)
{
	char nameless[] = "";
	struct list_info info = {.name = nameless, .format = format};
	struct diag diag;
	diag_init(&diag);
	struct reading *reading = reading_new(file, &info, &diag);
	int error = PF_ENOMEM;
	if (reading) {
		list_parser_init_with(&reading->parser, take, data, &info);
		error = open_file(reading);
		if (error == PF_OK)
			error = read_pieces(reading);
		reading_free(reading);
	}
	diag_deinit(&diag);
	return error;
}

int list_file_read(struct list_tables *tables, uint16_t list, struct list_info *info,
                   const char *file, struct config_pos pos, struct diag *diag)
{
	struct reading *reading = reading_new(info->file, info, diag);
	if (!reading)
		return PF_ENOMEM;
	reading->config_file = file;
	reading->pos = pos;
	reading->index = tables->index;
	list_parser_init(&reading->parser, tables, list, info);
	int error = open_file(reading);
	if (error == PF_OK)
		error = read_pieces(reading);
	if (error == PF_OK)
		error = judge(reading);
	if (error == PF_EFULL) {
		tell(reading, DIAG_ERROR, "does not fit: all lists together hold over %u names",
		     LIST_INDEX_ENTRY_MAX);
		error = PF_EINVAL;
	}
	reading_free(reading);
	return error;
}
