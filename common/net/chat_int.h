/* Shared by the files of chat. */
#ifndef COMMON_NET_CHAT_INT_H
#define COMMON_NET_CHAT_INT_H

#include "asid/net/chat.h"

/* Whether the request has a repetition penalty that does anything. */
bool chat_has_penalty(const struct chat_request *q);

#endif
