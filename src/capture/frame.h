/* Private to capture/: one data frame of Frame Streams with dnstap (dnstap.proto; protocol buffers), read by its own walk: of some
 * thirty fields eight are wanted. */
#ifndef PF_CAPTURE_FRAME_H
#define PF_CAPTURE_FRAME_H

#include "base/error.h"
#include "capture/capture.h"

/* What the message of a frame is about. */
struct dnstap_frame {
	bool is_answer;
	struct capture_message message;
};

/* PF_OK; PF_ENOENT: dnstap, but no message between a client and who answers it (of a resolver with its upstreams, or an
 * update), or one without its bytes; PF_EINVAL: no dnstap. Bytes of the message point into the frame. */
PF_MUST_CHECK int dnstap_frame_read(const uint8_t *bytes, size_t length,
                                    struct dnstap_frame *frame);

#endif
