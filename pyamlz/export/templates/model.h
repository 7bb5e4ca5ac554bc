/* ---- the model: what was learned of a table, from its columns to its answers
 *
 *     learner_state state;
 *     learner_load(&state);
 *     double row[LEARNER_COLUMNS];
 *     $use
 *
 * A row has the columns in the order of learner_column_names, as they are in the table. NAN stands for a missing value; for
 * a column of categories, a place in its learner_category_names, -1 for one that is not there. */

#define LEARNER_COLUMNS $n_columns
static const char *const learner_column_names[LEARNER_COLUMNS] = {$columns};
$names
/* As learner_init, but with all that was learned. */
static inline void learner_load(learner_state *state)
{
$constants    learner_init(state);
$load}

/* The features that the program sees of a row. */
static inline void learner_prepare(const double *row, REAL *features)
{
    static const double mean[$n_coded] = {$mean};
    static const double deviation[$n_coded] = {$deviation};
    double coded[$n_coded];
$code    for (size_t i = 0; i < $n_coded; i++) {
        coded[i] = (coded[i] - mean[i]) / deviation[i];
    }
$project}

$calls
