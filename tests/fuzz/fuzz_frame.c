/* What a collector of dnstap sends: control frames of Frame Streams. What is taken keeps what its header promises; and the rest of the
 * bytes as a record that somebody left in a ring. */
#include <stdlib.h>
#include <string.h>

#include "journal/dnstap/frame.h"
#include "journal/dnstap/message.h"
#include "journal/flat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_frames(const uint8_t *data, size_t size)
{
	struct frame_control control;
	for (int used; (used = frame_read(data, size, &control)) > 0;) {
		if ((size_t)used > size || used < 12 || used > FRAME_BYTES_MAX)
			abort();
		if (control.type < FRAME_ACCEPT || control.type > FRAME_FINISH)
			abort();
		data += used;
		size -= (size_t)used;
	}
}

/* A record that can be read has the key that is seen when it is only looked at. */
static void compare_keys(const struct record *record, const struct sink_brief *brief)
{
	uint8_t room[FLAT_KEY_MAX];
	const uint8_t *key;
	size_t length = flat_key_write(record, room, &key);
	if (length > brief->key_length)
		abort();
}

/* A record that was only opened is sent as it is, in as much room as it may take. */
static void send_record(const struct flat_opened *opened)
{
	struct dnstap_writer writer;
	dnstap_writer_init(&writer, opened->head.key.type & 15, "who", "what");
	uint8_t *out = malloc(dnstap_bytes_max(&writer, opened));
	if (out && dnstap_write(&writer, opened, out) > dnstap_bytes_max(&writer, opened))
		abort();
	free(out);
}

/* What was read is written again, byte for byte as long. */
static void read_record(const uint8_t *data, size_t size)
{
	struct flat_record *record = malloc(sizeof *record);
	if (!record)
		return;
	struct sink_brief brief;
	if (flat_open(data, size, &record->opened) == PF_OK && record->opened.head.marks & FLAT_WIRE)
		send_record(&record->opened);
	bool looked = flat_look(data, size, &brief), read = flat_read(data, size, record) == PF_OK;
	if (read && looked)
		compare_keys(&record->record, &brief);
	if (read && flat_bytes(&record->record) <= size) {
		size_t length = flat_bytes(&record->record);
		uint8_t *copy = malloc(length);
		if (copy)
			flat_write(&record->record, copy);
		free(copy);
	}
	free(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_frames(data, size);
	read_record(data, size);
	return 0;
}
