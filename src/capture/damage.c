/* The words for what a capture did not give. */
#include "base/error.h"
#include "capture/capture.h"

const char *damage_words(enum damage damage)
{
	static const char *const words[DAMAGE_COUNT] = {
		[DAMAGE_FILE] = "the file ends or breaks in the middle",
		[DAMAGE_LINK] = "packets of links of a kind that is not understood",
		[DAMAGE_CUT] = "packets that were captured in part only",
		[DAMAGE_HEADER] = "packets whose headers contradict themselves",
		[DAMAGE_FRAGMENT] = "datagrams of which fragments are missing",
		[DAMAGE_OVERLAP] = "datagrams whose fragments overlap",
		[DAMAGE_FRAGMENT_FULL] = "datagrams in more fragments at once than are kept",
		[DAMAGE_STREAM_BEGIN] = "TCP streams that begin in the middle of a message",
		[DAMAGE_STREAM_GAP] = "TCP streams of which segments are missing",
		[DAMAGE_STREAM_END] = "TCP streams that end in the middle of a message",
		[DAMAGE_STREAM_FULL] = "TCP streams that were too many at once",
		[DAMAGE_SHORT] = "messages shorter than the header of DNS",
		[DAMAGE_QUESTION] = "malformed questions",
		[DAMAGE_ANSWER] = "malformed answers",
		[DAMAGE_FRAME] = "frames that are no dnstap",
		[DAMAGE_CLOCK] = "messages before 1970 or behind the year 9999",
	};
	return words[damage];
}
