/* The sink of jsonl.h. A batch is gathered in memory and written with its commit; what could be written only in part is cut off
 * again, so that the next attempt makes no torn line and no double. */
#include "journal/jsonl.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "dns/dns.h"
#include "journal/json.h"

#define BATCH_BYTES_MAX (64u << 20) /* a batch of 4096 of the longest records has 24 MB */

struct jsonl_sink {
	struct sink sink; /* first */
	int fd;
	uint64_t bytes, bytes_max;
	unsigned files;
	struct buffer batch;
	char path[PATH_MAX - 16]; /* with room for a number behind it */
};

/* ---- a line ------------------------------------------------------------------------------ */

static void put_record(struct buffer *out, const struct record *record)
{
	char time[CLOCK_TEXT_MAX], client[ADDR_TEXT_MAX], name[NAME_TEXT_MAX], type[DNS_TYPE_TEXT_MAX],
		rcode[DNS_TYPE_TEXT_MAX] = "DROPPED";
	clock_format(record->time_wall_us, time);
	addr_format(&record->client, client);
	dns_name_to_text(record->name, name);
	dns_type_to_text(record->type, type);
	if (!record->dropped_reply)
		dns_rcode_to_text(record->rcode, rcode);
	buffer_print(out, "{\"time\":\"%s\"", time);
	json_put_member(out, "device", record->device_name);
	json_put_member(out, "device_id", record->device_id);
	json_put_member(out, "client", client);
	json_put_member(out, "name", name);
	json_put_member(out, "type", type);
	json_put_member(out, "rcode", rcode);
	json_put_member(out, "action", action_word(record->action));
	json_put_member(out, "rule", record->rule_name);
	json_put_member(out, "reason", record->reason);
	json_put_member(out, "standing", standing_word(record->standing));
	json_put_member(out, "confidence", confidence_word(record->confidence));
	json_put_member(out, "source", record_source_word(record->source));
	json_put_member(out, "upstream", record->upstream);
	json_put_member(out, "protocol", protocol_word(record->protocol));
	json_put_member(out, "dnssec", dnssec_word(record->dnssec));
	buffer_print(out, ",\"took_us\":%u}\n", record->took_us);
}

/* ---- the file ---------------------------------------------------------------------------- */

static int explain(const struct jsonl_sink *sink, int code, char *error, size_t error_size)
{
	snprintf(error, error_size,
	         "The JSON lines %s can not be written: %s; make room, or give this user the right to "
	         "the file and its folder.",
	         sink->path, strerror(code));
	return PF_EIO;
}

static int open_file(struct jsonl_sink *sink)
{
	struct stat status;
	sink->fd =
		open(sink->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	if (sink->fd < 0)
		return errno;
	if (fstat(sink->fd, &status))
		return errno;
	if (!S_ISREG(status.st_mode))
		return EINVAL;
	sink->bytes = (uint64_t)status.st_size;
	return 0;
}

static void close_file(struct jsonl_sink *sink)
{
	if (sink->fd >= 0)
		close(sink->fd);
	sink->fd = -1;
}

/* PATH.8 becomes PATH.9, … PATH becomes PATH.1. */
static int rotate(struct jsonl_sink *sink)
{
	char from[PATH_MAX], to[PATH_MAX];
	close_file(sink);
	for (unsigned i = sink->files - 1; i >= 1; i--) {
		if (i > 1)
			snprintf(from, sizeof from, "%s.%u", sink->path, i - 1);
		else
			snprintf(from, sizeof from, "%s", sink->path);
		snprintf(to, sizeof to, "%s.%u", sink->path, i);
		if (rename(from, to) && errno != ENOENT)
			return errno;
	}
	if (sink->files == 1 && unlink(sink->path) && errno != ENOENT)
		return errno;
	return open_file(sink);
}

static bool write_all(struct jsonl_sink *sink)
{
	const char *at = sink->batch.data;
	size_t left = sink->batch.length;
	while (left) {
		ssize_t written = write(sink->fd, at, left);
		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		left -= (size_t)written;
	}
	return true;
}

/* ---- the sink's calls -------------------------------------------------------------------- */

/* Somebody may have moved the file away (logrotate): then a new one is made. */
static bool was_moved(const struct jsonl_sink *sink)
{
	struct stat ours, there;
	return fstat(sink->fd, &ours) || stat(sink->path, &there) || ours.st_ino != there.st_ino ||
	       ours.st_dev != there.st_dev;
}

static int begin(struct sink *base, char *error, size_t error_size)
{
	struct jsonl_sink *sink = (struct jsonl_sink *)base;
	int code = 0;
	if (sink->fd >= 0 && was_moved(sink))
		close_file(sink);
	if (sink->fd < 0)
		code = open_file(sink);
	if (!code && sink->bytes_max && sink->bytes >= sink->bytes_max)
		code = rotate(sink);
	buffer_deinit(&sink->batch);
	buffer_init(&sink->batch, BATCH_BYTES_MAX);
	return code ? explain(sink, code, error, error_size) : PF_OK;
}

static int write_record(struct sink *base, const struct record *record, char *error,
                        size_t error_size)
{
	struct jsonl_sink *sink = (struct jsonl_sink *)base;
	put_record(&sink->batch, record);
	return sink->batch.failed ? explain(sink, ENOMEM, error, error_size) : PF_OK;
}

static int commit(struct sink *base, char *error, size_t error_size)
{
	struct jsonl_sink *sink = (struct jsonl_sink *)base;
	if (!write_all(sink)) {
		int code = errno;
		if (ftruncate(sink->fd, (off_t)sink->bytes))
			close_file(sink); /* a torn line stays; the next one begins behind it */
		return explain(sink, code, error, error_size);
	}
	sink->bytes += sink->batch.length;
	return PF_OK;
}

static void close_sink(struct sink **base)
{
	struct jsonl_sink *sink = (struct jsonl_sink *)*base;
	close_file(sink);
	buffer_deinit(&sink->batch);
	free(sink);
	*base = NULL;
}

struct sink *jsonl_sink_open(const char *path, uint64_t bytes_max, unsigned files, char *error,
                             size_t error_size)
{
	struct jsonl_sink *sink = calloc(1, sizeof *sink);
	if (!sink) {
		snprintf(error, error_size, "There is no memory for the JSON lines %s.", path);
		return NULL;
	}
	sink->sink = (struct sink){.name = "jsonl",
	                           .begin = begin,
	                           .write = write_record,
	                           .commit = commit,
	                           .close = close_sink};
	sink->bytes_max = bytes_max;
	sink->files = files;
	buffer_init(&sink->batch, BATCH_BYTES_MAX);
	int code = snprintf(sink->path, sizeof sink->path, "%s", path) < (int)sizeof sink->path
	               ? open_file(sink)
	               : ENAMETOOLONG;
	if (!code)
		return &sink->sink;
	explain(sink, code, error, error_size);
	struct sink *base = &sink->sink;
	close_sink(&base);
	return NULL;
}
