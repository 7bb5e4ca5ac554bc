// A learner that predicts a number, is told the right one, and gets better. The program is text here, as `pyamlz show`
// prints what a search found.
#include <amlz.h>

const uint32_t N_FEATURES = 4;
const int EXAMPLES_PER_ROUND = 50, N_ROUNDS = 8;

const char PROGRAM[] =
    "def Setup():\n"
    "  s2 = 0.05\n"
    "def Predict():\n"
    "  s1 = dot(v0, v1)\n"
    "def Learn():\n"
    "  s3 = s0 - s1\n"
    "  s3 = s3 * s2\n"
    "  v2 = s3 * v0\n"
    "  v1 = v1 + v2\n";

static unsigned char memory[8 * 1024];  // amlz_learner_size tells how much it must be
static amlz_program program;
static amlz_learner *learner;
static uint64_t stream;
static int rounds;

void setup() {
  Serial.begin(115200);
  amlz_error error;
  if (amlz_program_parse(PROGRAM, sizeof PROGRAM - 1, N_FEATURES, &program, &error) != AMLZ_OK) {
    Serial.println(error.message);
    return;
  }
  amlz_learner_config config = amlz_learner_config();
  config.struct_size = sizeof config;
  config.dims.n_features = N_FEATURES;
  config.dims.n_scalars = 4;
  config.dims.n_vectors = 3;
  config.precision = AMLZ_FLOAT32;
  const char *reason = NULL;
  learner = amlz_learner_init(memory, sizeof memory, &config, &program, &reason);
  if (learner == NULL) {
    Serial.println(reason);
  }
}

void loop() {
  if (learner == NULL || rounds == N_ROUNDS) {
    return;
  }
  float sum = 0;
  for (int i = 0; i < EXAMPLES_PER_ROUND; i++) {
    double drawn[N_FEATURES];  // here a sensor would be read
    amlz_fill_gaussian(1, stream++, drawn, N_FEATURES);
    float features[N_FEATURES], label = 0, prediction = 0;
    for (uint32_t j = 0; j < N_FEATURES; j++) {
      features[j] = (float)drawn[j];
      label += (float)j * features[j];
    }
    amlz_learner_learn_f32(learner, features, label, &prediction);
    sum += (label - prediction) * (label - prediction);
  }
  Serial.println(sum / EXAMPLES_PER_ROUND, 6);  // the mean squared error
  rounds++;
}
