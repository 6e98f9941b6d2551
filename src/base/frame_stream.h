/* The numbers of Frame Streams (farsightsec.github.io/fstrm) that its writers and its readers share; all have 32 bits, big end first. A data frame stands
 * behind its length; a length of 0 announces a control frame: length, type, fields. */
#ifndef PF_BASE_FRAME_STREAM_H
#define PF_BASE_FRAME_STREAM_H

#define FRAME_STREAM_DNSTAP "protobuf:dnstap.Dnstap" /* the content type of dnstap */
#define FRAME_STREAM_CONTROL_MAX \
	512 /* bytes of a control frame behind its length: the protocol's own limit */
#define FRAME_STREAM_FIELD_CONTENT 1 /* the only kind of field: a content type */

enum frame_type { FRAME_ACCEPT = 1, FRAME_START, FRAME_STOP, FRAME_READY, FRAME_FINISH };

#endif
