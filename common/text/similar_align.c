/* Ordered alignment: the heaviest common subsequence of two lists. */
#include <math.h>

#include "asid/text/similar.h"

enum { CELLS_MAX = 1 << 22 };
enum { SKIP_A, SKIP_B, PAIR };

struct table {
    size_t n, m;
    uint8_t *way;        /* [n][m]: what was best at a cell */
    double *similarity;  /* [n][m] */
    double *above, *row; /* [m + 1] */
};

static void fill(struct table *t, double gamma,
                 double (*similarity)(void *user, size_t i, size_t j),
                 void *user)
{
    for (size_t i = 0; i < t->n; i++) {
        double *swap = t->above;

        t->above = t->row;
        t->row = swap;
        t->row[0] = 0;
        for (size_t j = 0; j < t->m; j++) {
            double s = similarity(user, i, j), best = t->above[j + 1];
            uint8_t way = SKIP_A;

            /* On a tie the earlier partner stays. */
            if (t->row[j] > best || (!(best > t->row[j]) && j > 0 &&
                                     t->way[i * t->m + j - 1] != SKIP_A)) {
                best = t->row[j];
                way = SKIP_B;
            }
            if (s >= gamma && t->above[j] + s > best) {
                best = t->above[j] + s;
                way = PAIR;
            }
            t->row[j + 1] = best;
            t->way[i * t->m + j] = way;
            t->similarity[i * t->m + j] = s;
        }
    }
}

size_t similar_align(struct arena *scratch, size_t n, size_t m, double gamma,
                     double (*similarity)(void *user, size_t i, size_t j),
                     void *user, struct similar_pair *pairs, double *sum)
{
    struct table t = {.n = n, .m = m};
    size_t cells, count = 0, i = n, j = m;

    if (!size_mul(n, m, &cells) || cells > CELLS_MAX) {
        if (sum)
            *sum = (double)NAN;
        return 0;
    }
    t.way = arena_array(scratch, cells, 1);
    t.similarity = arena_array(scratch, cells, sizeof *t.similarity);
    t.above = arena_array(scratch, m + 1, sizeof *t.above);
    t.row = arena_array(scratch, m + 1, sizeof *t.row);
    fill(&t, gamma, similarity, user);
    if (sum)
        *sum = n && m ? t.row[m] : 0;
    while (i > 0 && j > 0) {
        uint8_t way = t.way[(i - 1) * m + j - 1];

        if (way == PAIR)
            pairs[count++] = (struct similar_pair){
                i - 1, j - 1, t.similarity[(i - 1) * m + j - 1]};
        i -= way != SKIP_B;
        j -= way != SKIP_A;
    }
    for (size_t k = 0; k < count / 2; k++) {
        struct similar_pair swap = pairs[k];

        pairs[k] = pairs[count - 1 - k];
        pairs[count - 1 - k] = swap;
    }
    return count;
}
