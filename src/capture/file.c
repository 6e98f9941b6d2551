/* Which kind of file is it? The first byte tells: Frame Streams begin with the four zeros of a control frame, pcapng with the type of
 * its section, and no other kind does. */
#include "capture/file.h"

#include <errno.h>
#include <string.h>

#define FIRST_OF_FRAMES 0
#define FIRST_OF_PCAPNG 0x0a

void capture_note_break(struct capture_reading *reading, const char *unit, uint64_t count,
                        const char *why)
{
	if (!*why)
		return;
	reading->sink.counts->damaged[DAMAGE_FILE]++;
	snprintf(reading->note, sizeof reading->note,
	         "%s breaks behind %s %llu (%s); what stands before was read.", reading->path, unit,
	         (unsigned long long)count, why);
}

static int read_kind(struct capture_reading *reading, FILE **stream, char error[CAPTURE_ERROR_MAX])
{
	errno = 0;
	int first = getc(*stream);
	if (first == EOF) {
		snprintf(error, CAPTURE_ERROR_MAX, "%s %s%s.", reading->path,
		         errno ? "can not be read: " : "is empty", errno ? strerror(errno) : "");
		return errno ? PF_EIO : PF_EINVAL;
	}
	ungetc(first, *stream);
	switch (first) {
	case FIRST_OF_FRAMES: return dnstap_read(reading, *stream, error);
	case FIRST_OF_PCAPNG: return pcapng_read(reading, *stream, error);
	default: return pcap_read(reading, stream, error);
	}
}

int capture_read_stream(struct capture_reading *reading, FILE *stream,
                        char error[CAPTURE_ERROR_MAX])
{
	int result = read_kind(reading, &stream, error);
	if (stream && stream != stdin)
		fclose(stream);
	return result;
}

int capture_read(struct capture_reading *reading, char error[CAPTURE_ERROR_MAX])
{
	FILE *stream = strcmp(reading->path, "-") ? fopen(reading->path, "rb") : stdin;
	if (stream)
		return capture_read_stream(reading, stream, error);
	snprintf(error, CAPTURE_ERROR_MAX, "%s can not be read: %s.", reading->path, strerror(errno));
	return PF_EIO;
}
