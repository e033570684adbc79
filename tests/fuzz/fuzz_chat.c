/* Replies of an endpoint that may say anything: chat, and errors. */
#include <math.h>

#include "../../common/net/http_int.h"
#include "asid/base/utf8.h"
#include "asid/net/chat.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_reply(const struct chat_request *q,
                        const struct chat_reply *r)
{
    double p, mass;
    struct asid_err err;

    BUG_IF(!utf8_valid(r->text) || !utf8_valid(r->model));
    BUG_IF(r->n_top > CHAT_MAX_TOP);
    BUG_IF(q->top_logprobs && r->n_top == 0);
    BUG_IF(!q->top_logprobs && str_trim(r->text).n == 0);
    if (r->n_top == 0)
        return;
    BUG_IF(chat_yes(r, &p, &mass, &err) != ASID_OK);
    BUG_IF(!(p >= 0 && p <= 1) || !(mass >= 0 && mass <= 1));
}

/* The key stands in the input wherever a byte is 1, and must not come out. */
static void check_words(const uint8_t *data, size_t size)
{
    static char key[] = "planted-key";
    const struct http h = {.key = key};
    char words[TRY_SERVER_TEXT];
    struct buf in;

    buf_init(&in, 1 << 20);
    for (size_t i = 0; i < size; i++) {
        if (data[i] == 1)
            buf_text(&in, key);
        else
            buf_char(&in, (char)data[i]);
    }
    server_words(&h, buf_view(&in), words, sizeof words);
    BUG_IF(strstr(words, key) != NULL);
    BUG_IF(strlen(words) >= sizeof words);
    (void)status_meaning(400, buf_view(&in));
    buf_release(&in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str body = {(const char *)data, size};

    for (uint32_t top = 0; top < 2; top++) {
        const struct chat_request q = {.top_logprobs = top};
        struct arena a = ARENA_INIT;
        struct chat_reply reply;
        struct asid_err err = {0};
        bool nonsense = false;

        if (chat_read(&a, body, &q, &reply, &nonsense, &err) == ASID_OK)
            check_reply(&q, &reply);
        else
            BUG_IF(err.rc != ASID_REJECT || !*err.text ||
                   strcmp(err.code, "model.failed") != 0);
        arena_release(&a);
    }
    check_words(data, size);
    return 0;
}
