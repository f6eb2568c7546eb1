/* Written by tenth: the weights of model.c, exactly. */

#include <stdint.h>

extern const float life_count_weight_values[13];
_Alignas(64) const float life_count_weight_values[13] = {
    0x1.33ee56p-1f, -0x1.796d88p+0f, -0x1.4ffedap-2f, 0x1.ed4dbp-9f, 0x1.ba991cp+0f, 0x1.8e5caap-5f,
    -0x1.879d08p+0f, 0x1.a1edep-3f, -0x1.d04ee6p-1f, -0x1.5950dap-6f, 0x1.54db38p-4f, 0x1.5088ecp+0f,
    -0x1.f21dd2p-6f};

extern const int32_t life_count_weight_indices[13];
_Alignas(64) const int32_t life_count_weight_indices[13] = {
    4, 0, 2, 5, 7, 0, 3, 4, 6, 7, 0, 2,
    5};

extern const int32_t life_count_weight_starts[7];
_Alignas(64) const int32_t life_count_weight_starts[7] = {
    0, 1, 1, 5, 10, 13, 13};

extern const float life_count_bias[6];
_Alignas(64) const float life_count_bias[6] = {
    0x1.59f3f2p-2f, 0x1.84c3aap-1f, -0x1.04bc92p-1f, 0x1.1c88dep+0f, -0x1.7ad008p-4f, 0x1.ae1114p-1f};

extern const float life_mix_weight_panels[24];
_Alignas(64) const float life_mix_weight_panels[24] = {
    -0x1.6790e8p-2f, 0x1.de0cep-4f, 0x1.84b064p+0f, -0x1.57b2d4p-5f, -0x1.2af5dcp+0f, -0x1.995d86p-3f,
    0x1.fa9dep+0f, -0x1.9e3632p-1f, -0x1.63a2acp+0f, 0x1.a5b7f8p-3f, -0x1.106abep+1f, -0x1.d9ba7ep-1f,
    -0x1.50145ep+0f, 0x1.0a35eap-1f, 0x1.1666aep-5f, -0x1.4b89eep+1f, 0x1.46d75ep+0f, -0x1.bef2aep+0f,
    0x1.a6e606p-3f, 0x1.e4c8c8p-2f, 0x1.c025c4p+0f, -0x1.8a0e76p+0f, 0x1.16780ap+0f, -0x1.bf0128p-2f};

extern const float life_mix_weight_rest_values[12];
_Alignas(64) const float life_mix_weight_rest_values[12] = {
    0x1.5d7c1cp-1f, -0x1.d9cab2p+0f, 0x1.fab8aap-2f, -0x1.f4704ap-2f, -0x1.8d7b74p-2f, -0x1.07b83cp+0f,
    -0x1.776868p-2f, -0x1.4b8592p-2f, -0x1.110a88p-1f, 0x1.b5633cp-2f, 0x1.14c83cp+0f, -0x1.7c982cp+0f};

extern const int32_t life_mix_weight_rest_indices[12];
_Alignas(64) const int32_t life_mix_weight_rest_indices[12] = {
    0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5};

extern const int32_t life_mix_weight_rest_starts[3];
_Alignas(64) const int32_t life_mix_weight_rest_starts[3] = {
    0, 6, 12};

extern const float life_mix_bias[6];
_Alignas(64) const float life_mix_bias[6] = {
    0x1.6c8fp-2f, 0x1.65ed22p+1f, -0x1.3c796p+0f, -0x1.503af2p-3f, -0x1.788a72p+0f, 0x1.94d8acp+0f};

extern const float life_last_weight_rest_values[6];
_Alignas(64) const float life_last_weight_rest_values[6] = {
    0x1.0ef29ap+0f, -0x1.02f856p+0f, -0x1.b339b2p-2f, 0x1.9cc19p+0f, -0x1.85cb3ap+0f, 0x1.cf1a26p-4f};

extern const int32_t life_last_weight_rest_indices[6];
_Alignas(64) const int32_t life_last_weight_rest_indices[6] = {
    0, 1, 2, 3, 4, 5};

extern const int32_t life_last_weight_rest_starts[2];
_Alignas(64) const int32_t life_last_weight_rest_starts[2] = {
    0, 6};
