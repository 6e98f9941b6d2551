/* Private to admin/: server-sent events (HTML, 9.2) of what is asked and of what happens to devices. One thread asks the journal for what is
 * new, with each reader's own filter, and puts it into that reader's buffer; whoever does not read fast enough is told so and
 * loses its stream, and nobody else notices. Without readers it sleeps. */
#ifndef PF_ADMIN_LIVE_H
#define PF_ADMIN_LIVE_H

#include <microhttpd.h>

#include "admin/routes.h"
#include "report/params.h"
#include "report/tagged.h"

#define LIVE_READERS_MAX 16
#define LIVE_BUFFER_BYTES_MAX (256u << 10) /* of one reader: some 500 queries */
#define LIVE_ROWS_MAX 1000 /* of one look; of more the oldest are skipped, and that is said */

struct live_wish {
	const char *journal_path;    /* NULL: only events */
	const struct params *params; /* copied */
	struct tagged *tagged;       /* taken over */
	bool queries, events;
	int64_t after_row; /* negative: from now on */
	/* Who reads, and who knows whether that one still may; the stream ends with the session or the token. */
	struct access *access;
	const struct caller *caller; /* copied */
	bool blocks;                 /* it has a thread of its own, which may wait */
};

struct live_reader;
/* PF_EFULL, PF_EIO (the journal can not be read, or no memory) with a sentence; `tagged` is freed then too. */
PF_MUST_CHECK int live_open(struct admin_live *live, const struct live_wish *wish,
                            struct live_reader **out, char error[500]);
/* Queues the stream; the reader is its connection's from now on, also when it fails. */
enum MHD_Result live_respond(struct live_reader *reader, struct MHD_Connection *connection);
void live_close(struct live_reader *reader);

/* Ends all streams and takes no more, so that no connection is left suspended; access is not asked any more. */
void live_end(struct admin_live *live);

#endif
