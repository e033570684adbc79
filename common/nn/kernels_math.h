/*
 * Constants of exp and erf, shared by all kernel sets.
 *
 * exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2;
 *   exp(r) = 1 + r + r^2 P(r), P of degree 4 (error 6e-8 of r^2).
 * erf(x) = x + x P(x^2) below 1 (P of degree 6, error 1e-9); from 1 on
 *   1 - exp(R(|x| - 2.5)), R of degree 6 near ln(erfc), such that the error
 *   of erf is below 1e-8; erf(4) rounds to 1.
 * 2^x on [0, 1): P of degree 5 (error 8e-8 of it).
 * The polynomials are minimax fits made by Remez exchange in long double.
 */
#ifndef ASID_NN_KERNELS_MATH_H
#define ASID_NN_KERNELS_MATH_H

#define NN_EXP_LOW (-104.5F) /* exp of anything below rounds to 0 */
#define NN_EXP_HIGH 89.5F    /* exp of anything above is infinite */
#define NN_LOG2E 1.44269504F
#define NN_LN2_HIGH 0.693359375F /* 9 significant bits: n * this is exact */
#define NN_LN2_LOW (-2.12194440e-4F)
#define NN_ROUND_MAGIC 12582912.0F /* 1.5 * 2^23: adding it rounds to whole */
#define NN_EXP_0 0.5F
#define NN_EXP_1 0.166665763F
#define NN_EXP_2 0.0416663736F
#define NN_EXP_3 0.00836318824F
#define NN_EXP_4 0.00139411364F

#define NN_EXP2_0 0.99999994F
#define NN_EXP2_1 0.6931531F
#define NN_EXP2_2 0.24015361F
#define NN_EXP2_3 0.055826318F
#define NN_EXP2_4 0.00898934F
#define NN_EXP2_5 0.0018775767F

#define NN_SQRT_HALF 0.707106781F
#define NN_ERF_0 0.128379167F
#define NN_ERF_1 (-0.37612626F)
#define NN_ERF_2 0.112836003F
#define NN_ERF_3 (-0.0268544443F)
#define NN_ERF_4 0.00518953567F
#define NN_ERF_5 (-0.000802084222F)
#define NN_ERF_6 7.88912294e-05F
#define NN_ERFC_END 4.0F
#define NN_ERFC_MIDDLE 2.5F
#define NN_ERFC_0 (-7.80681801F)
#define NN_ERFC_1 (-5.35269403F)
#define NN_ERFC_2 (-0.943885386F)
#define NN_ERFC_3 (-0.0107177766F)
#define NN_ERFC_4 0.00245777913F
#define NN_ERFC_5 (-0.000156002265F)
#define NN_ERFC_6 0.00018557311F

#endif
