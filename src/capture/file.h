/* Private to capture/: opens a file and reads it to its end, whatever kind it is of. */
#ifndef PF_CAPTURE_FILE_H
#define PF_CAPTURE_FILE_H

#include <stdio.h>

#include "base/error.h"
#include "capture/capture.h"
#include "capture/packets.h"

#define CAPTURE_ERROR_MAX 500

struct capture_reading {
	const char *path;
	struct packets *packets;
	struct capture_sink sink;
	/* Called now and then with the bytes that were read of this file. */
	void (*progress)(void *data, uint64_t bytes);
	void *progress_data;
	/* When the file broke in the middle: a sentence. The caller's, emptied before. */
	char note[CAPTURE_ERROR_MAX];
};

/* Reads the whole file ("-": standard input). PF_OK; PF_EIO, PF_EINVAL (no capture), PF_ENOMEM with a sentence in `error`. */
PF_MUST_CHECK int capture_read(struct capture_reading *reading, char error[CAPTURE_ERROR_MAX]);

/* The same of a stream, which is taken over. */
PF_MUST_CHECK int capture_read_stream(struct capture_reading *reading, FILE *stream,
                                      char error[CAPTURE_ERROR_MAX]);

/* Counts and notes that the file breaks behind the `count`th "packet" or "frame", when `why` says so; "": it does not. */
void capture_note_break(struct capture_reading *reading, const char *unit, uint64_t count,
                        const char *why);

/* pcap.c: takes the stream over, which is NULL then, when it can be read. */
PF_MUST_CHECK int pcap_read(struct capture_reading *reading, FILE **stream,
                            char error[CAPTURE_ERROR_MAX]);
/* pcapng.c */
PF_MUST_CHECK int pcapng_read(struct capture_reading *reading, FILE *stream,
                              char error[CAPTURE_ERROR_MAX]);
/* dnstap.c: Frame Streams with dnstap. */
PF_MUST_CHECK int dnstap_read(struct capture_reading *reading, FILE *stream,
                              char error[CAPTURE_ERROR_MAX]);

#endif
